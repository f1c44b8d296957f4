"""The tests of gradcheck."""

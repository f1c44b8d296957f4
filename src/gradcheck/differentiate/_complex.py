"""The complex step: an exact second opinion for analytic code, and silently wrong for much of NumPy."""

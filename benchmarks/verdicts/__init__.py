"""The historical corpus and the zoo, judged by every gradient checker at hand in the same run."""

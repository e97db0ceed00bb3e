"""A page to explore with: move the question and the beliefs, and see the answer follow."""

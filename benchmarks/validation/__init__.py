"""A study of the statistics themselves, with a designed rate of false alarms."""

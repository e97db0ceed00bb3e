"""From numbers to answers: comparisons, sweeps, events, claims, sensitivity, conditioning."""

"""Speed, memory and accuracy, side by side with other tools: `python -m benchmarks`."""

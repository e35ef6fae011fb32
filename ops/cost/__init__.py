"""What a stage costs: prices, the usage of a load by the design and as measured, and what other designs use."""

"""Random histories under faults, and a checker that proves of each that nothing was lost, doubled or
reordered."""

"""What `ctvos doctor` looks at: one function for each thing, which ends in a `Finding`."""

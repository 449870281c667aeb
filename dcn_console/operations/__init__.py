"""One module an operation: preconditions, plan, steps, verify."""

"""The process that runs tasks, on a durable-execution library."""

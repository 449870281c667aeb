"""An embedded DCN that speaks the same HTTP and agent protocols as a real one."""

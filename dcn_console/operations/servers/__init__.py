"""What the operations on servers share: where a server is, and what is asked of Nova."""

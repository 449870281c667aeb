"""What is where: refresh, join across services, findings, cache, discovery."""

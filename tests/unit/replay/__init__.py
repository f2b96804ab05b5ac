"""What would have been sent."""

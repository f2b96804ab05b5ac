"""What the collectors wrote, and which clusters there are: read, loaded and recorded."""

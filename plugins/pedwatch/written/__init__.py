"""What people write, the configuration and PED files alike: read plainly, and told in words where it is wrong."""

"""Local stand-ins for everything pedwatch reaches: never deployed, loopback only (docs/sandbox.md)."""

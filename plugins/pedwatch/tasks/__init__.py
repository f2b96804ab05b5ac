"""What the DAGs' tasks do: each orchestrates hooks (input and output) and pure modules (decisions)."""

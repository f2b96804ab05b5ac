"""What the DAGs' tasks do: a module per DAG, named as it is, and what they share; each orchestrates nouns' folders."""

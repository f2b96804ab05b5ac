"""Local Kubernetes: pods for the unmodified KubernetesPodOperator, and target clusters with listable workloads.

``python -m sandbox.kubernetes --help`` starts it; ``sandbox.kubernetes.control`` steers it while it runs.
"""

"""The traffic of the demo and of the tests, held against the services' own descriptions.

The stand-ins record it (``sandbox.traffic``) while the tests run; ``session`` checks it at the end of the run. What
differs from the descriptions is listed in ``deviations.yaml`` with its reason, and nothing else may.
"""

"""A stand-in for Slack's Web API, with a page that shows the channels as a person would see them.

``python -m sandbox.slack --port N`` serves the API under ``/api/``, the page under ``/`` and, for tests, a
control API under ``/control/``. The unmodified ``slack_sdk`` and Airflow's ``SlackHook`` work against it.
"""

-- The Slack channels in which something was told, or is to be.
{% include 'alerts/_told_channels.sql' %}

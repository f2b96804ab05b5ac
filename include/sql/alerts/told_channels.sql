-- The Slack channels in which something was told, or is to be. One row per channel.
{% include 'alerts/_told_channels.sql' %}

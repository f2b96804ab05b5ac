-- The newest word about each channel in which another environment posts by our app. Asked once a day.
-- One row per channel that something was told of.
{% from 'alerts/_newest_words.sql' import newest_words with context -%}
{% call newest_words('in_channel', "'foreign_messages', 'foreign_messages_over'") %}{% endcall %}

"""What Slack's error codes mean for the caller; its pages list them per method, and their meanings there."""

SCOPES = ("chat:write", "channels:read", "channels:history", "groups:history", "metadata.message:read")
"""What the app needs; ``groups:*`` only for private channels."""

_REINSTALL = "reinstall the app and put its bot token (xoxb-…) into the connection"
UNUSABLE = {
    "invalid_auth": "the Slack token is not valid: put the bot token (xoxb-…) into the connection",
    "not_authed": "the Slack connection has no token: put the bot token (xoxb-…) into its password",
    "token_revoked": f"the Slack token was revoked: {_REINSTALL}",
    "token_expired": "the Slack token has expired: renew the connection",
    "account_inactive": f"the Slack bot user is deactivated: {_REINSTALL}",
    "missing_scope": f"the Slack app lacks a scope: it needs {', '.join(SCOPES)}",
    "not_allowed_token_type": "this is no bot token: put the one that begins with xoxb- into the connection",
    "no_permission": "the bot may not do this: ask an administrator of the workspace",
    "access_denied": "the workspace denies access to the app: ask its administrator",
    "ekm_access_denied": "an administrator has suspended posting in this workspace",
    "enterprise_is_restricted": "the app may not be used by this organisation's members",
    "org_login_required": "the workspace is being moved into an organisation: wait for its end",
    "team_access_not_granted": "the token is not granted for this workspace: approve the app there",
    "two_factor_setup_required": "the bot's account needs two-factor authentication",
}
_NAMED = "slack.platform_channel or slack.teams"
_MAY_POST = f"let the bot post there (the channel's posting permissions), or name another in {_NAMED}"
CHANNEL = {
    "not_in_channel": "invite the bot (/invite in the channel)",
    "channel_not_found": f"correct the id in {_NAMED}, or invite the bot if the channel is private",
    "is_archived": f"unarchive the channel, or name another in {_NAMED}",
    "restricted_action": _MAY_POST,
    "restricted_action_read_only_channel": _MAY_POST,
    "restricted_action_thread_only_channel": _MAY_POST,
    "restricted_action_non_threadable_channel": _MAY_POST,
}
"""What to mend where one channel refuses, and others may not."""
GONE_THREAD = {"cannot_reply_to_message", "message_not_found", "thread_not_found", "restricted_action_thread_locked"}
NO_THREAD = {"thread_not_found", "message_not_found"}
BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
RATE_LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded", "accesslimited"}
TRANSIENT = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "update_failed",
}
NO_HISTORY = {"missing_scope", "not_in_channel", "channel_not_found", "access_denied", "no_permission"}
MALFORMED = {
    "invalid_arguments",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "invalid_limit",
    "invalid_post_type",
    "invalid_ts_latest",
    "invalid_ts_oldest",
    "json_not_object",
    "method_deprecated",
    "deprecated_endpoint",
    "missing_argument",
    "missing_charset",
    "missing_post_type",
    "superfluous_charset",
    "unknown_method",
}
"""A read that is answered so is asked wrongly: a fault of this module, which no waiting mends."""

"""What Slack's error codes mean, one table: every code that its pages list for a method that is called here.

A refusal is what Slack itself says, as ``ok: false`` with a code of this table; a code that is not in it is none
(docs/decisions/0048). ``meaning`` is the one way in.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

Call = Literal["post", "reply", "edit", "read"]
Meaning = Literal[
    "patience", "wait", "unclear", "unusable", "closed", "elsewhere", "gone", "stands", "blocks", "ours", "unknown"
]
"""What a refusal means for what was to be done:

- patience: too fast; the channel is left alone for the time that Slack names
- wait: not now; it passes by itself, or when an administrator ends it
- unclear: Slack failed; a post may stand
- unusable: the token or the app; nothing can be sent
- closed: the channel takes nothing, or cannot be read, until somebody opens it
- elsewhere: the thread takes no replies; a new parent can be posted
- gone: the message or its thread is not there
- stands: the message is there and cannot be edited to this
- blocks: the blocks; their text alone may pass
- ours: pedwatch asks wrongly; no waiting mends it
- unknown: nobody here knows the code
"""

SCOPES = (
    "chat:write",
    "channels:read",
    "channels:history",
    "groups:history",
    "metadata.message:read",
    "reactions:read",
)
"""What the app needs; ``groups:*`` only for private channels."""

_REINSTALL = "reinstall the app and put its bot token (xoxb-…) into the connection"
_UPDATE = "Slack does not offer the method to this app any more: bring pedwatch up to date, or report it"
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
    "app_access_restricted": "the workspace restricts what the app may do: ask its administrator",
    "enterprise_is_restricted": "the app may not be used by this organisation's members",
    "org_login_required": "the workspace is being moved into an organisation: wait for its end",
    "team_access_not_granted": "the token is not granted for this workspace: approve the app there",
    "team_not_found": "the token's workspace is not there any more: put the bot token of another into the connection",
    "two_factor_setup_required": "the bot's account needs two-factor authentication",
    "is_bot": _UPDATE,
    "deprecated_endpoint": _UPDATE,
    "method_deprecated": _UPDATE,
    "unknown_method": _UPDATE,
    "upgrade_required": _UPDATE,
}
"""What to mend where nothing can be sent."""

_NAMED = "slack.platform_channel or slack.teams"
_MAY_POST = f"let the bot post there (the channel's posting permissions), or name another in {_NAMED}"
CHANNEL = {
    "not_in_channel": f"invite the bot (/invite in the channel), or name another in {_NAMED}",
    "channel_not_found": f"correct the id in {_NAMED}, or invite the bot if the channel is private",
    "is_archived": f"unarchive the channel, or name another in {_NAMED}",
    "messages_tab_disabled": f"name a channel in {_NAMED}, not the app's own tab",
    "restricted_action": _MAY_POST,
    "restricted_action_read_only_channel": _MAY_POST,
    "restricted_action_thread_only_channel": _MAY_POST,
    "restricted_action_non_threadable_channel": _MAY_POST,
    "restricted_action_thread_locked": _MAY_POST,
    "slack_connect_lists_sharing_blocked": _MAY_POST,
    "send_on_behalf_not_allowed": _MAY_POST,
}
"""What to mend where one channel refuses, and others may not."""

MALFORMED = frozenset(
    "invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_json invalid_limit"
    " invalid_metadata_filter_keys invalid_post_type invalid_ts_latest invalid_ts_oldest json_not_object"
    " missing_argument missing_charset missing_post_type superfluous_charset".split()
)
"""A request that pedwatch writes wrongly."""


def _all(meaning: Meaning, codes: str | Iterable[str]) -> dict[str, Meaning]:
    return dict.fromkeys(codes.split() if isinstance(codes, str) else codes, meaning)


_ANY: Mapping[str, Meaning] = {
    **_all("patience", "ratelimited rate_limited message_limit_exceeded accesslimited"),
    # Suspended by an administrator for a channel, or while it or the workspace moves: it ends.
    **_all("wait", "ekm_access_denied external_channel_migrating team_added_to_org"),
    **_all("unclear", "internal_error fatal_error service_unavailable request_timeout"),
    **_all("unusable", UNUSABLE),
    **_all("closed", CHANNEL),
    **_all("ours", MALFORMED),
}
_BLOCKS = "invalid_blocks invalid_blocks_format msg_blocks_too_long block_mismatch"
_NEVER_SENT = (
    "as_user_not_supported attachment_payload_limit_exceeded blocked_file_type cant_broadcast_message"
    " duplicate_channel_not_found duplicate_message_not_found draft_already_deleted draft_already_sent"
    " draft_has_conflict draft_not_found file_deleted file_is_deleted file_not_found file_share_limit_reached"
    " invalid_attachments invalid_metadata_format invalid_metadata_schema markdown_text_conflict"
    " max_file_sharing_exceeded metadata_must_be_sent_from_app metadata_too_large missing_file_data msg_too_long"
    " no_dual_broadcast_content_update no_text slack_connect_blocked_file_type slack_connect_clip_sharing_blocked"
    " slack_connect_file_upload_sharing_blocked too_many_attachments too_many_contact_cards unable_to_share_files"
)
"""About what pedwatch never sends (files, drafts, attachments), or by construction never sends too much of."""

_SHARED_LINKS = "slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked"
_WRITES: Mapping[str, Meaning] = {
    **_ANY,
    **_all("ours", _NEVER_SENT),
    # Links are in the blocks: the text alone may be shared.
    **_all("blocks", f"{_BLOCKS} {_SHARED_LINKS}"),
}
_OF: Mapping[Call, Mapping[str, Meaning]] = {
    "post": _WRITES,
    "reply": {
        **_WRITES,
        **_all("elsewhere", "cannot_reply_to_message restricted_action_thread_locked"),
        **_all("elsewhere", "restricted_action_non_threadable_channel"),
        **_all("gone", "message_not_found thread_not_found"),
    },
    "edit": {
        **_WRITES,
        **_all("gone", "message_not_found thread_not_found"),
        # A setting of the workspace, another bot's message, a closed channel: a reply says what is true, or why not.
        **_all("stands", "edit_window_closed cant_update_message is_inactive posting_to_channel_denied"),
        **_all("stands", [*CHANNEL, *MALFORMED, *_NEVER_SENT.split()]),
        **_all("stands", "cant_delete_message compliance_exports_prevent_deletion"),
        **_all("unclear", "update_failed streaming_state_conflict"),
    },
    "read": {
        **_ANY,
        **_all("gone", "message_not_found thread_not_found"),
        **_all("closed", "missing_scope access_denied no_permission channel_is_limited_access"),
        **_all("closed", "method_not_supported_for_channel_type"),
        **_all("ours", "deprecated_endpoint method_deprecated unknown_method"),
        **_all("ours", "invalid_blocks invalid_blocks_format invalid_message invalid_view"),
        **_all("ours", "bad_timestamp no_item_specified file_not_found file_comment_not_found"),
        # Pages that are not valid any more, and what else a later reading gets right.
        **_all("wait", "invalid_cursor list_record_comment_fetch_failed"),
    },
}


def meaning(call: Call, code: str) -> Meaning:
    """Return what a code means as the answer to a call.

    Args:
        call: ``post`` of a parent, ``reply`` in a thread, ``edit`` of a parent, ``read``: whatever changes nothing.
        code: Slack's ``error``.
    """
    known = _OF[call].get(code)
    if known is None and call == "post":
        # About threads, where none was named.
        return "ours" if code in ("cannot_reply_to_message", "message_not_found", "thread_not_found") else "unknown"
    return known or "unknown"

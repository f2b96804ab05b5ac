# What watches pedwatch from outside: alerts.yaml is the table, and a deploy snoozes the two that wait for silence.

locals {
  alerts = yamldecode(file("${path.module}/alerts.yaml"))
  lines_of = {
    for name, alert in local.alerts : name => templatefile("${path.module}/log_line.tftpl", { environment = var.environment_name, line = alert.line })
    if alert.kind != "measured"
  }

  # Three cycles that did not come to their end, and never less than a quarter of an hour.
  silence_minutes = max(15, 3 * var.cycle_minutes)

  channels = concat(tolist(var.notification_channels), [for channel in google_monitoring_notification_channel.mail : channel.name])

  # Without a quota there is no half of it.
  policies = { for name, alert in local.alerts : name => alert if var.watched && (var.daily_query_tib != null || !can(alert.share_of_quota)) }
}

resource "google_logging_metric" "line" {
  for_each = local.lines_of

  project     = var.project
  name        = "pedwatch_${each.key}"
  description = "Lines in the log of ${var.environment_name}: ${local.alerts[each.key].title}"
  filter      = each.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_notification_channel" "mail" {
  for_each = var.alert_emails

  project      = var.project
  display_name = "pedwatch: ${each.value}"
  type         = "email"

  labels = {
    email_address = each.value
  }

  depends_on = [google_project_service.used]
}

# Silence is the absence of points, or points that are zero: which of them Cloud Logging writes while no line comes depends
# on how long ago one came, so either counts. It may be ten minutes late: the window holds three heartbeats.
resource "google_monitoring_alert_policy" "stays_away" {
  for_each = { for name, alert in local.policies : name => alert if alert.kind == "stays_away" }

  project               = var.project
  display_name          = "pedwatch: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = { pedwatch = each.key, pedwatch_kind = each.value.kind }

  conditions {
    display_name = "no line for ${local.silence_minutes} minutes"

    condition_absent {
      filter   = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.line[each.key].name}\" AND resource.type=\"cloud_composer_environment\""
      duration = "${local.silence_minutes * 60}s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger {
        count = 1
      }
    }
  }

  conditions {
    display_name = "no line counted in ${local.silence_minutes} minutes"

    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.line[each.key].name}\" AND resource.type=\"cloud_composer_environment\""
      comparison      = "COMPARISON_LT"
      threshold_value = 1
      duration        = "60s"

      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"

      aggregations {
        alignment_period     = "${local.silence_minutes * 60}s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger {
        count = 1
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.reason}. What to do: ${var.runbooks}${each.value.runbook}"
  }

  lifecycle {
    precondition {
      condition     = length(var.alert_emails) + length(var.notification_channels) > 0
      error_message = "watched needs alert_emails or notification_channels: an alert that nobody hears is none."
    }
  }
}

resource "google_monitoring_alert_policy" "appears" {
  for_each = { for name, alert in local.policies : name => alert if alert.kind == "appears" }

  project               = var.project
  display_name          = "pedwatch: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = { pedwatch = each.key, pedwatch_kind = each.value.kind }

  conditions {
    display_name = "a line in five minutes"

    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.line[each.key].name}\" AND resource.type=\"cloud_composer_environment\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger {
        count = 1
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.reason}. What to do: ${var.runbooks}${each.value.runbook}"
  }
}

resource "google_monitoring_alert_policy" "measured" {
  for_each = { for name, alert in local.policies : name => alert if alert.kind == "measured" }

  project               = var.project
  display_name          = "pedwatch: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  user_labels           = { pedwatch = each.key, pedwatch_kind = each.value.kind }

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = replace(replace(each.value.filter, "ENVIRONMENT", local.environment_name), "TRANSFER_CONFIG", local.second_eye_config)
      comparison      = "COMPARISON_GT"
      threshold_value = can(each.value.share_of_quota) ? floor(each.value.share_of_quota * var.daily_query_tib * 1099511627776) : 0
      duration        = "${each.value.duration_seconds}s"

      aggregations {
        alignment_period     = "${each.value.window_seconds}s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger {
        count = 1
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.reason}. What to do: ${var.runbooks}${each.value.runbook}"
  }
}

# What BigQuery reads in a day at most, whoever asks: the hard stop behind the limits of each job (docs/cost.md).

resource "google_service_usage_consumer_quota_override" "query_usage_per_day" {
  provider = google-beta
  count    = var.daily_query_tib == null ? 0 : 1

  project = var.project
  service = "bigquery.googleapis.com"
  metric  = urlencode("bigquery.googleapis.com/quota/query/usage")
  limit   = urlencode("/d/project")
  # In MiB.
  override_value = tostring(floor(var.daily_query_tib * 1024 * 1024))
  # From 200 TiB it is more than a tenth less, which Google asks to be forced.
  force = true

  depends_on = [google_project_service.used]
}

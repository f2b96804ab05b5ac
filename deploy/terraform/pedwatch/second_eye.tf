# A second eye, which needs neither Airflow nor its log: BigQuery asks its own table. That it fails alerts.yaml hears.

locals {
  second_eye_config = try(element(split("/", google_bigquery_data_transfer_config.second_eye[0].name), length(split("/", google_bigquery_data_transfer_config.second_eye[0].name)) - 1), "")
}

resource "google_bigquery_data_transfer_config" "second_eye" {
  count = var.watched ? 1 : 0

  project              = var.project
  location             = var.location
  display_name         = "pedwatch: heartbeats"
  data_source_id       = "scheduled_query"
  schedule             = "every 15 minutes"
  service_account_name = google_service_account.account["ped-second-eye"].email

  params = {
    query = templatefile("${path.module}/second_eye.sql.tftpl", {
      project = var.project
      dataset = google_bigquery_dataset.ped.dataset_id
      minutes = local.silence_minutes
    })
  }

  depends_on = [
    google_project_service_identity.scheduled_queries,
    google_bigquery_dataset_iam_member.dataset,
    google_project_iam_member.project,
  ]
}

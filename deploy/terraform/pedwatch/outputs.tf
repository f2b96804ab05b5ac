# What a deploy, pedwatch.yaml and people need to know of it.

output "project" {
  description = "Project of the environment."
  value       = var.project
}

output "region" {
  description = "Region of the environment."
  value       = var.region
}

output "environment" {
  description = "Name of the environment."
  value       = local.environment_name
}

output "environment_bucket" {
  description = "Bucket that a deploy copies the bundle to, without gs://."
  value       = local.environment_bucket
}

output "airflow_uri" {
  description = "Where Airflow's UI is."
  value       = local.airflow_uri
}

output "environment_settings" {
  description = "What the environment has to be told; where Terraform made it, it was."
  value = {
    env_variables            = local.environment_variables
    airflow_config_overrides = local.airflow_config_overrides
    pypi_packages            = local.pypi_packages
  }
}

output "evidence_bucket" {
  description = "Bucket of observations and evidence packs (PEDWATCH_BUCKET), without gs://."
  value       = google_storage_bucket.evidence.name
}

output "heads_bucket" {
  description = "Bucket of evidence heads, without gs://."
  value       = google_storage_bucket.heads.name
}

output "image_repository" {
  description = "Where the collector's image is pushed to: add /replica-collector and a tag."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "collector" {
  description = "Account that the pods become (collector.impersonate), and that the RBAC of every watched cluster names."
  value       = google_service_account.account["ped-replica-collector"].email
}

output "publisher" {
  description = "Account that publishes limits from the repository of PED files."
  value       = google_service_account.account["ped-publisher"].email
}

output "secrets" {
  description = "Secrets that wait for their values."
  value       = [for secret in google_secret_manager_secret.connection : secret.secret_id]
}

output "egress_address" {
  description = "Address under which Slack and clusters with authorised networks see us; null where the network is not ours."
  value       = try(google_compute_address.egress[0].address, null)
}

output "heartbeat_absence_policy" {
  description = "Alert policies on silence, which a deploy snoozes while it pauses the watch: absence_policies of its environment's file."
  value = concat(
    [for policy in google_monitoring_alert_policy.stays_away : policy.name],
    # The second eye waits for the same silence.
    [for name, policy in google_monitoring_alert_policy.measured : policy.name if name == "second_eye"],
  )
}

# Secrets without what they hold: nothing secret is in a file, in a plan or in the state. docs/deployment.md says how each
# gets its value.

# One for each connection, by the name under which Airflow asks for it: the bot's, which the table of bindings names, and
# further ones.
locals {
  secrets = concat(
    [for b in local.iam.bindings : b.resource if b.level == "secret"],
    [for name in var.connections : "airflow-connections-${name}"],
  )
}

resource "google_secret_manager_secret" "connection" {
  for_each = toset(local.secrets)

  project   = var.project
  secret_id = each.value
  labels    = var.labels

  replication {
    auto {}
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}

# Kubeconfigs for the collector's pods: Composer's commands are the only way into its namespace.
resource "google_composer_user_workloads_secret" "kubeconfig" {
  for_each = var.kubeconfig_secrets

  project     = var.project
  region      = var.region
  environment = local.environment_name
  name        = each.value

  lifecycle {
    ignore_changes = [data]
  }
}

# The APIs, and the agents of those that act in our name. They stay on when this is destroyed: others may use them.

locals {
  services = toset([
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "bigquerydatatransfer.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "composer.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "firebaserules.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ])
}

resource "google_project_service" "used" {
  for_each = local.services

  project            = var.project
  service            = each.value
  disable_on_destroy = false
}

# Scheduled queries run as an account of ours, whose tokens this agent asks for; Google gives it the right to.
resource "google_project_service_identity" "scheduled_queries" {
  provider = google-beta

  project = var.project
  service = "bigquerydatatransfer.googleapis.com"

  depends_on = [google_project_service.used]
}

# pedwatch in one project: copy this folder, write terraform.tfvars (terraform.tfvars.example says what), then
#   terraform init -backend-config="bucket=BUCKET_OF_STATES"
#   terraform apply
# docs/deployment.md tells the whole way.

terraform {
  required_version = ">= 1.6"

  # The state holds no secret; it is shared all the same, and locked while somebody applies.
  backend "gcs" {
    prefix = "pedwatch"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 9"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.33, < 9"
    }
  }
}

# People apply with their own account, whose calls some APIs count against a project they have to be told.
provider "google" {
  project               = var.project
  region                = var.region
  user_project_override = true
  billing_project       = var.project
}

provider "google-beta" {
  project               = var.project
  region                = var.region
  user_project_override = true
  billing_project       = var.project
}

module "pedwatch" {
  source = "../pedwatch"

  project          = var.project
  region           = var.region
  collector_image  = var.collector_image
  platform_channel = var.platform_channel
  cycle_minutes    = var.cycle_minutes
  daily_query_tib  = var.daily_query_tib
  watched_projects = var.watched_projects

  environment_variables = var.environment_variables

  watched               = var.watched
  alert_emails          = var.alert_emails
  notification_channels = var.notification_channels
  runbooks              = var.runbooks

  people = var.people
}

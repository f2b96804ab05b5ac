# Where the collector's image lies. Tags cannot be moved, and pods ask for a digest anyway.

resource "google_artifact_registry_repository" "images" {
  project       = var.project
  location      = var.region
  repository_id = "pedwatch"
  format        = "DOCKER"
  description   = "The collector of replica counts, by digest"
  labels        = var.labels

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.used]
}

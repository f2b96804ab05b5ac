# The way out: Airflow's components reach Google by themselves, and Slack, mail servers and clusters through this network.
# Nothing comes in.

locals {
  create_network = var.create_environment && var.subnetwork == null
}

resource "google_compute_network" "pedwatch" {
  count = local.create_network ? 1 : 0

  project                 = var.project
  name                    = "pedwatch"
  auto_create_subnetworks = false

  depends_on = [google_project_service.used]
}

resource "google_compute_subnetwork" "pedwatch" {
  count = local.create_network ? 1 : 0

  project                  = var.project
  region                   = var.region
  name                     = "pedwatch"
  network                  = google_compute_network.pedwatch[0].id
  ip_cidr_range            = var.subnetwork_range
  private_ip_google_access = true
}

# One address that never changes: watched clusters with authorised networks, and Slack's allow list, name it.
resource "google_compute_address" "egress" {
  count = local.create_network ? 1 : 0

  project = var.project
  region  = var.region
  name    = "pedwatch-egress"
}

resource "google_compute_router" "pedwatch" {
  count = local.create_network ? 1 : 0

  project = var.project
  region  = var.region
  name    = "pedwatch"
  network = google_compute_network.pedwatch[0].id
}

resource "google_compute_router_nat" "egress" {
  count = local.create_network ? 1 : 0

  project                            = var.project
  region                             = var.region
  name                               = "pedwatch-egress"
  router                             = google_compute_router.pedwatch[0].name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.egress[0].self_link]
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.pedwatch[0].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# Where it is.

variable "project" {
  description = "Project of the environment, the dataset, the buckets and the limits."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is a project's id, as `gcloud projects list` shows it, not its number or name."
  }
}

variable "region" {
  description = "Region of the environment, its network and the image's repository, such as europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is a region such as europe-west1, no zone and no multi-region."
  }
}

variable "location" {
  description = "Location of the dataset and the buckets of evidence: EU, US or a region. It cannot be changed later."
  type        = string
  default     = "EU"

  validation {
    condition     = can(regex("^(EU|US|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "location is EU, US or a region such as europe-west1."
  }
}

variable "firestore_location" {
  description = "Location of the database of limits: eur3, nam5 or a region. It cannot be changed later."
  type        = string
  default     = "eur3"
}

variable "dataset" {
  description = "BigQuery dataset of all tables; ped_housekeeping makes them in it."
  type        = string
  default     = "ped_watch"

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset))
    error_message = "dataset has letters, digits and underscores only."
  }
}

variable "labels" {
  description = "Labels of everything that takes labels, such as a cost centre."
  type        = map(string)
  default     = {}
}

# The environment.

variable "create_environment" {
  description = "Whether to make an environment. False: the one named environment_name is there already, and what it has to be told the output environment_settings says."
  type        = bool
  default     = true
}

variable "environment_name" {
  description = "Name of the environment of Managed Airflow (Gen 3), formerly Cloud Composer 3."
  type        = string
  default     = "pedwatch"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,61}[a-z0-9]$", var.environment_name))
    error_message = "environment_name has lower case letters, digits and hyphens, at most 63."
  }
}

variable "image_version" {
  description = "Image that the environment is made with, pinned to a build: what include/composer_image.yaml records. Upgrades are a deploy's (docs/versions.md)."
  type        = string
  default     = "composer-3-airflow-3.3.1-build.0"

  validation {
    condition     = can(regex("^composer-3-airflow-3\\.[0-9]+\\.[0-9]+-build\\.[0-9]+$", var.image_version))
    error_message = "image_version is pinned, as composer-3-airflow-3.3.1-build.10 is: an alias would upgrade the environment at any apply."
  }
}

variable "environment_size" {
  description = "Size of Airflow's database and of what Google runs beside it."
  type        = string
  default     = "ENVIRONMENT_SIZE_SMALL"

  validation {
    condition     = contains(["ENVIRONMENT_SIZE_SMALL", "ENVIRONMENT_SIZE_MEDIUM", "ENVIRONMENT_SIZE_LARGE"], var.environment_size)
    error_message = "environment_size is ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM or ENVIRONMENT_SIZE_LARGE."
  }
}

variable "workers" {
  description = "Workers: how many at least and at most, and what each has. docs/sizing.md has the figures for fleets."
  type = object({
    min_count  = optional(number, 2)
    max_count  = optional(number, 4)
    cpu        = optional(number, 2)
    memory_gb  = optional(number, 8)
    storage_gb = optional(number, 10)
  })
  default = {}

  validation {
    condition     = var.workers.min_count >= 1 && var.workers.max_count >= var.workers.min_count
    error_message = "workers: min_count is at least 1, max_count no less than it."
  }
}

variable "worker_concurrency" {
  description = "Tasks that run at once in a worker (celery.worker_concurrency); Composer takes 1 to 24."
  type        = number
  default     = 8

  validation {
    condition     = var.worker_concurrency >= 1 && var.worker_concurrency <= 24
    error_message = "worker_concurrency is 1 to 24."
  }
}

variable "max_pods" {
  description = "What collector.max_pods of pedwatch.yaml says: how many pods of collectors run at once. Each holds a slot of a worker."
  type        = number
  default     = 10

  validation {
    condition     = var.max_pods >= 1
    error_message = "max_pods is at least 1."
  }
}

variable "cycle_minutes" {
  description = "What cycle_minutes of pedwatch.yaml says. The alerts on silence wait for three cycles, and no less than 15 minutes."
  type        = number
  default     = 5

  validation {
    condition     = contains([1, 5, 10, 15, 30, 60], var.cycle_minutes)
    error_message = "cycle_minutes is 1, 5, 10, 15, 30 or 60."
  }
}

variable "registration_role" {
  description = "Role in Airflow of people who open its UI for the first time."
  type        = string
  default     = "Viewer"

  validation {
    condition     = contains(["Viewer", "User", "Op", "Admin", "UserNoDags"], var.registration_role)
    error_message = "registration_role is Viewer, User, Op, Admin or UserNoDags."
  }
}

variable "airflow_config_overrides" {
  description = "Further overrides of Airflow's configuration, as section-key = value."
  type        = map(string)
  default     = {}
}

variable "environment_variables" {
  description = "Further variables that pedwatch.yaml names, such as the endpoints of clusters. No secrets: everybody who may see the environment sees them."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.environment_variables) : !can(regex("EMULATOR_HOST$|^AIRFLOW__|^PEDWATCH_CLOCK$", name))])
    error_message = "environment_variables: no emulator, no clock and nothing of Airflow's own: pedwatch refuses to run with the former, Composer reserves the latter."
  }
}

variable "collector_image" {
  description = "Image of the collector, by digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/replica-collector@sha256:…"
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.collector_image))
    error_message = "collector_image ends in @sha256: and 64 hexadecimal digits: a tag can be moved."
  }
}

variable "platform_channel" {
  description = "Id of the platform's channel in Slack, such as C0123456789."
  type        = string

  validation {
    condition     = can(regex("^[CG][A-Z0-9]{8,}$", var.platform_channel))
    error_message = "platform_channel is a channel's id (C…), as Slack shows it in the channel's details, no name."
  }
}

variable "connections" {
  description = "Further connections of Airflow that pedwatch.yaml names, such as smtp_default or a webhook's: an empty secret is made for each, which tasks may read."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.connections : can(regex("^[A-Za-z0-9_-]+$", name))])
    error_message = "connections are ids of connections, such as smtp_default, without airflow-connections- before them."
  }
}

variable "kubeconfig_secrets" {
  description = "Names of Secrets in composer-user-workloads that hold kubeconfigs (collector.kubeconfig_secret). They are made empty: what they hold never comes near Terraform's state."
  type        = set(string)
  default     = []
}

variable "maintenance_window" {
  description = "When Google may maintain the environment: twelve hours a week at least, in UTC."
  type = object({
    start_time = string
    end_time   = string
    recurrence = string
  })
  default = {
    start_time = "2026-01-03T02:00:00Z"
    end_time   = "2026-01-03T08:00:00Z"
    recurrence = "FREQ=WEEKLY;BYDAY=SA,SU"
  }
}

variable "snapshot_schedule" {
  description = "When a snapshot of the environment is taken, as cron in UTC; null: never."
  type        = string
  default     = "0 3 * * *"
}

variable "metadata_retention_days" {
  description = "How long Airflow's database keeps runs and tasks; pedwatch makes some 95,000 task instances a month."
  type        = number
  default     = 60

  validation {
    condition     = var.metadata_retention_days >= 30 && var.metadata_retention_days <= 730
    error_message = "metadata_retention_days is 30 to 730."
  }
}

# The network.

variable "private_environment" {
  description = "Whether Airflow's components have no way to the internet but the network they are attached to. It needs that network to have a NAT, or Slack is out of reach."
  type        = bool
  default     = true
}

variable "subnetwork" {
  description = "A subnetwork that is there already (projects/…/regions/…/subnetworks/…), with a NAT of its own; null: one is made, with a NAT whose address never changes."
  type        = string
  default     = null

  validation {
    condition     = var.subnetwork == null || can(regex("^projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.subnetwork))
    error_message = "subnetwork is projects/PROJECT/regions/REGION/subnetworks/NAME."
  }
}

variable "network" {
  description = "The network of that subnetwork (projects/…/global/networks/…); null with it."
  type        = string
  default     = null

  validation {
    condition     = var.network == null || can(regex("^projects/[^/]+/global/networks/[^/]+$", var.network))
    error_message = "network is projects/PROJECT/global/networks/NAME."
  }
}

variable "subnetwork_range" {
  description = "Addresses of the subnetwork that is made."
  type        = string
  default     = "10.80.0.0/24"

  validation {
    condition     = can(cidrhost(var.subnetwork_range, 0))
    error_message = "subnetwork_range is a range such as 10.80.0.0/24."
  }
}

# Clusters, in this project and others.

variable "watched_projects" {
  description = "Projects with clusters that are watched; null: this one. Terraform makes a role in each and binds it."
  type        = set(string)
  default     = null
}

variable "discovered_projects" {
  description = "What discovery.projects of pedwatch.yaml says: where Airflow may ask which clusters there are."
  type        = set(string)
  default     = []
}

# Evidence.

variable "heads_project" {
  description = "Project of the bucket of evidence heads; null: this one. In another one even who owns this project cannot touch it."
  type        = string
  default     = null
}

# Costs.

variable "daily_query_tib" {
  description = "Hard stop of what BigQuery reads in this project a day, in TiB: four ordinary days (docs/cost.md). Null: no quota of our own."
  type        = number
  default     = 0.4

  validation {
    condition     = var.daily_query_tib == null || try(var.daily_query_tib > 0, false)
    error_message = "daily_query_tib is more than 0, or null."
  }
}

# Who hears it when pedwatch cannot speak, and who may do what.

variable "watched" {
  description = "Whether Google watches pedwatch. True once the first cycles ran: an alert needs its metric to be there for some minutes, and the second eye the table of heartbeats."
  type        = bool
  default     = false
}

variable "alert_emails" {
  description = "Mail addresses that are told when pedwatch cannot speak."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alert_emails are mail addresses."
  }
}

variable "notification_channels" {
  description = "Notification channels that are there already, such as a pager (projects/…/notificationChannels/…). Not pedwatch's Slack app: what it cannot say it cannot say there."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", name))])
    error_message = "notification_channels are projects/PROJECT/notificationChannels/NUMBER."
  }
}

variable "runbooks" {
  description = "Address of docs/runbooks/ where who is called can read it, with the slash at its end; an alert's text begins with it."
  type        = string
  default     = "docs/runbooks/"
}

variable "people" {
  description = "Who the groups of deploy/iam/bindings.yaml are: ped-viewers, ped-operators, ped-deployers = [\"group:…\"]."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = alltrue(flatten([for members in values(var.people) : [for member in members : can(regex("^(group|user|serviceAccount|principalSet):", member))]]))
    error_message = "people: each is group:, user:, serviceAccount: or principalSet: and an address."
  }
}

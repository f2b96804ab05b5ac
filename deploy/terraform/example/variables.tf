# What differs between two installations; everything else has a default in ../pedwatch/variables.tf, which also says what
# is refused. Set more of it in main.tf where you need it.

variable "project" {
  description = "Project of the environment, the dataset, the buckets and the limits."
  type        = string
}

variable "region" {
  description = "Region of the environment, such as europe-west1."
  type        = string
}

variable "collector_image" {
  description = "Image of the collector, by digest."
  type        = string
}

variable "platform_channel" {
  description = "Id of the platform's channel in Slack."
  type        = string
}

variable "cycle_minutes" {
  description = "What cycle_minutes of pedwatch.yaml says."
  type        = number
  default     = 5
}

variable "daily_query_tib" {
  description = "Hard stop of what BigQuery reads a day, in TiB."
  type        = number
  default     = 0.4
}

variable "watched_projects" {
  description = "Projects with clusters that are watched; null: this one."
  type        = set(string)
  default     = null
}

variable "environment_variables" {
  description = "Further variables that pedwatch.yaml names, such as the endpoints of clusters."
  type        = map(string)
  default     = {}
}

variable "watched" {
  description = "Whether Google watches pedwatch: true once the first cycles ran."
  type        = bool
  default     = false
}

variable "alert_emails" {
  description = "Mail addresses that are told when pedwatch cannot speak."
  type        = set(string)
  default     = []
}

variable "notification_channels" {
  description = "Notification channels that are there already, such as a pager."
  type        = set(string)
  default     = []
}

variable "runbooks" {
  description = "Address of docs/runbooks/ where who is called can read it."
  type        = string
  default     = "docs/runbooks/"
}

variable "people" {
  description = "Who the groups of deploy/iam/bindings.yaml are."
  type        = map(set(string))
  default     = {}
}

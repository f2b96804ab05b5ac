# Service accounts, roles of our own, and who is granted what. The table of bindings is deploy/iam/bindings.yaml: nothing
# is granted that does not stand there, and each kind of resource has one binding here, over all lines of its level.

locals {
  iam = yamldecode(file("${path.module}/../../iam/bindings.yaml"))

  # Of an environment that is there already the account is its own.
  accounts = { for name, description in local.iam.service_accounts : name => description if var.create_environment || name != "ped-airflow" }

  # By what their ids are, not by what comes back from making them: a plan has to know what it will bind.
  members = merge(
    { for name in keys(local.accounts) : name => ["serviceAccount:${name}@${var.project}.iam.gserviceaccount.com"] },
    var.create_environment ? {} : { ped-airflow = ["serviceAccount:${local.environment_account}"] },
    { for name in keys(local.iam.people) : name => tolist(lookup(var.people, name, [])) },
  )

  # deploy/iam/NAME-role.yaml, by NAME.
  roles = { for file in fileset("${path.module}/../../iam", "*-role.yaml") : trimsuffix(file, "-role.yaml") => yamldecode(file("${path.module}/../../iam/${file}")) }

  # The id of a role of our own: replica-collector is pedReplicaCollector.
  role_ids = { for name, role in local.roles : name => "ped${join("", [for word in split("-", name) : title(word)])}" }

  watched_projects = var.watched_projects == null ? toset([var.project]) : var.watched_projects

  # A role of our own belongs to a project, and is made where some binding of it is.
  role_projects = merge(
    { for name in keys(local.roles) : name => toset([var.project]) if anytrue([for b in local.iam.bindings : b.role == "custom/${name}" && b.level == "project"]) },
    { for name in keys(local.roles) : name => local.watched_projects if anytrue([for b in local.iam.bindings : b.role == "custom/${name}" && b.level == "watched_project"]) },
    { for name in keys(local.roles) : name => var.discovered_projects if anytrue([for b in local.iam.bindings : b.role == "custom/${name}" && b.level == "discovered_project"]) },
  )
  project_roles = merge([
    for name, projects in local.role_projects : { for project in projects : "${project} ${name}" => { name = name, project = project } }
  ]...)

  # Lines of the table by their level, one for each member, on each project where the level is many.
  level_projects = {
    project            = toset([var.project])
    watched_project    = local.watched_projects
    discovered_project = var.discovered_projects
  }
  # What is granted on the secret of the table is granted on those of further connections.
  lines = flatten([
    for b in local.iam.bindings : [
      for project in lookup(local.level_projects, b.level, toset([var.project])) : [
        for resource in b.level == "secret" ? local.secrets : [lookup(b, "resource", null)] : [
          for member in local.members[b.member] : {
            key       = join(" ", concat([b.member, b.role, resource == null ? project : resource], contains(keys(local.iam.people), b.member) ? [member] : []))
            level     = b.level
            project   = project
            resource  = resource
            role      = b.role
            condition = lookup(b, "condition", null)
            member    = member
          }
        ]
      ]
    ]
  ])
  granted = { for level in distinct([for b in local.iam.bindings : b.level]) : level => { for line in local.lines : line.key => line if line.level == level } }

  # What the table names in capitals.
  buckets = {
    PED_BUCKET             = google_storage_bucket.evidence.name
    PED_HEADS_BUCKET       = google_storage_bucket.heads.name
    PED_ENVIRONMENT_BUCKET = local.environment_bucket
  }
}

resource "google_service_account" "account" {
  for_each = local.accounts

  project      = var.project
  account_id   = each.key
  display_name = each.key
  description  = each.value

  depends_on = [google_project_service.used]
}

resource "google_project_iam_custom_role" "role" {
  for_each = local.project_roles

  project     = each.value.project
  role_id     = local.role_ids[each.value.name]
  title       = local.roles[each.value.name].title
  description = local.roles[each.value.name].description
  stage       = local.roles[each.value.name].stage
  permissions = local.roles[each.value.name].includedPermissions
}

resource "google_project_iam_member" "project" {
  for_each = local.granted.project

  project = each.value.project
  role    = startswith(each.value.role, "custom/") ? google_project_iam_custom_role.role["${each.value.project} ${trimprefix(each.value.role, "custom/")}"].name : each.value.role
  member  = each.value.member

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]

    content {
      title      = "ped"
      expression = condition.value
    }
  }

  depends_on = [google_service_account.account]
}

resource "google_project_iam_member" "watched_project" {
  for_each = local.granted.watched_project

  project = each.value.project
  role    = google_project_iam_custom_role.role["${each.value.project} ${trimprefix(each.value.role, "custom/")}"].name
  member  = each.value.member

  depends_on = [google_service_account.account]
}

resource "google_project_iam_member" "discovered_project" {
  for_each = local.granted.discovered_project

  project = each.value.project
  role    = google_project_iam_custom_role.role["${each.value.project} ${trimprefix(each.value.role, "custom/")}"].name
  member  = each.value.member

  depends_on = [google_service_account.account]
}

resource "google_bigquery_dataset_iam_member" "dataset" {
  for_each = local.granted.dataset

  project    = var.project
  dataset_id = google_bigquery_dataset.ped.dataset_id
  role       = each.value.role
  member     = each.value.member

  depends_on = [google_service_account.account]
}

resource "google_storage_bucket_iam_member" "bucket" {
  for_each = local.granted.bucket

  bucket = local.buckets[each.value.resource]
  role   = each.value.role
  member = each.value.member

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]

    content {
      title      = "ped"
      expression = replace(condition.value, each.value.resource, local.buckets[each.value.resource])
    }
  }

  depends_on = [google_service_account.account]
}

resource "google_secret_manager_secret_iam_member" "secret" {
  for_each = local.granted.secret

  project   = var.project
  secret_id = google_secret_manager_secret.connection[each.value.resource].secret_id
  role      = each.value.role
  member    = each.value.member

  depends_on = [google_service_account.account]
}

resource "google_artifact_registry_repository_iam_member" "repository" {
  for_each = local.granted.repository

  project    = var.project
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = each.value.role
  member     = each.value.member

  depends_on = [google_service_account.account]
}

resource "google_service_account_iam_member" "service_account" {
  for_each = local.granted.service_account

  service_account_id = "projects/${var.project}/serviceAccounts/${each.value.resource == "ped-airflow" ? local.environment_account : google_service_account.account[each.value.resource].email}"
  role               = each.value.role
  member             = each.value.member

  depends_on = [google_service_account.account]
}

check "people" {
  assert {
    condition     = length(setsubtract(keys(var.people), keys(local.iam.people))) == 0
    error_message = "people: ${join(", ", setsubtract(keys(var.people), keys(local.iam.people)))}: no group of deploy/iam/bindings.yaml, so that they are granted nothing."
  }
}

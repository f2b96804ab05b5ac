output "pedwatch" {
  description = "What docs/deployment.md asks for by name."
  value       = module.pedwatch
}

output "heartbeat_absence_policy" {
  description = "For absence_policies of deploy/environments/NAME.yaml."
  value       = module.pedwatch.heartbeat_absence_policy
}

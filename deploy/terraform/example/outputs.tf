output "pedwatch" {
  description = "What docs/deployment.md asks for by name."
  value       = module.pedwatch
}

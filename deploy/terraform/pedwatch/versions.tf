terraform {
  # Checks (1.5) and optional attributes with defaults (1.3).
  required_version = ">= 1.6"

  required_providers {
    google = {
      source = "hashicorp/google"
      # 7.33 brought deletion_policy; 8 changed nothing that is used here (its upgrade guide names other resources alone).
      version = ">= 7.33, < 9"
    }
    # For the daily quota and the agent of scheduled queries, which only this provider has.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.33, < 9"
    }
  }
}

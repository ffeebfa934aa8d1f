#!/bin/sh
# baseline.sh COMMAND [DIR]: what platformctl is measured against, as a person
# types it. TERRAFORM names the engine. DIR holds the configuration; what the
# commands print goes to files in it. Nothing here knows of platformctl: its
# provider comes from the filesystem mirror that TF_CLI_CONFIG_FILE names, or
# runs already and is named by TF_REATTACH_PROVIDERS.
set -eu
terraform=${TERRAFORM:-terraform}
command=$1
[ $# -lt 2 ] || cd "$2"

case $command in
version)
  exec "$terraform" version
  ;;
plain) # the provider from the mirror
  "$terraform" init -input=false >init.txt
  "$terraform" plan -input=false -out=tfplan >plan.txt
  "$terraform" show -json tfplan >plan.json
  "$terraform" apply -input=false tfplan >apply.txt
  "$terraform" output -json >outputs.json
  ;;
reattached) # the provider runs already, so there is nothing to install
  "$terraform" plan -input=false -out=tfplan >plan.txt
  "$terraform" show -json tfplan >plan.json
  "$terraform" apply -input=false tfplan >apply.txt
  ;;
unchanged) # fails unless there is nothing to do
  exec "$terraform" plan -input=false -detailed-exitcode >plan.txt
  ;;
*)
  echo "baseline.sh: unknown command: $command" >&2
  exit 2
  ;;
esac

# Finds the Apptainer that .ci/apptainer unpacked. Sourced.

# Exports KEEPDOCKER_TEST_APPTAINER to its root folder.
apptainer_prepare() {
    if ((EUID != 0)); then
        parts_missing apptainer "running it in its folder needs root"
    elif [[ ! -e $apptainer_folder/complete ]]; then
        parts_missing apptainer "as root, .ci/apptainer unpacks one"
    else
        export KEEPDOCKER_TEST_APPTAINER=$apptainer_folder/root
        echo "apptainer: $(chroot "$KEEPDOCKER_TEST_APPTAINER" apptainer --version)"
    fi
}

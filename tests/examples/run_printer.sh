#!/bin/sh
# wsd-virtual-printer as people run it.
# Run as: sh run_printer.sh WSD_PRINT WSD_SEND WSD_VIRTUAL_PRINTER
. "$(dirname "$0")/tools.sh"
wsd_print=$1 wsd_send=$2 wsd_virtual_printer=$3
jobs=$scratch/jobs
pri=http://schemas.microsoft.com/windows/2006/08/wdp/print
prefix=pri namespace=$pri

# ---- Tools ---------------------------------------------------------------------------

start_printer() {
    rm -rf "$jobs"
    mkdir "$jobs"
    start_device "$wsd_virtual_printer" --dir "$jobs" "$@"
}

ticket="<pri:PrintTicket><pri:JobDescription><pri:JobName>a&amp;b</pri:JobName>
    <pri:JobOriginatingUserName>me</pri:JobOriginatingUserName></pri:JobDescription>
    </pri:PrintTicket>"
create_job() { # its number, which must be this
    ask CreatePrintJob "$ticket" && is_ok CreatePrintJob "<pri:JobId>$1</pri:JobId>"
}
send_document() { # the job, base64, more elements
    ask SendDocument "<pri:JobId>$1</pri:JobId>${3-}<pri:DocumentData>$2</pri:DocumentData>"
}
name() { echo "<pri:RequestedElements><pri:Name>$1</pri:Name></pri:RequestedElements>"; }
job_is() { # the job, its state and the reason for it
    ask GetJobElements "<pri:JobId>$1</pri:JobId>$(name pri:JobStatus)" &&
        grep -q "<pri:JobState>$2</.*<pri:JobStateReason>$3</" "$scratch/answer"
}

files_are() { # these names and no others
    [ "$(cd "$jobs" && echo *)" = "$*" ] && return
    echo "    files: $(ls "$jobs")"
    return 1
}
no_files() { [ -z "$(ls -A "$jobs")" ]; }
is_kept() { cmp "$1" "$jobs/$2" && log_has ": $2, $(wc -c <"$1" | tr -d ' ') bytes"; }
has_begun() { # more has come than fits into any buffer
    [ -e "$jobs/job-1.part" ] && [ "$(wc -c <"$jobs/job-1.part")" -gt 4194304 ]
}

# The document comes through a pipe, as it is written to descriptor 4.
print_from_pipe() {
    rm -f "$scratch/pipe"
    mkfifo "$scratch/pipe"
    exec 4<>"$scratch/pipe" 3<"$scratch/pipe"
    run_aside "$wsd_print" "$url" - 4>&-
    exec 3</dev/null
    head -c 200000 /dev/zero >&4
    soon test -s "$jobs/job-1.part"
}

# ---- Tests: each ends with its verdict -----------------------------------------------

program__options__are_checked() {
    run "$wsd_virtual_printer" --help
    is_status 0 && out_has "Usage: wsd-virtual-printer" && is_empty "$scratch/err" ||
        return 1
    run "$wsd_virtual_printer" --version
    is_status 0 && out_has "wsd-virtual-printer " || return 1
    set -- "$wsd_virtual_printer" --dir "$scratch"
    is_misuse "$wsd_virtual_printer" && is_misuse "$@" more && is_misuse "$@" --what &&
        is_misuse "$@" --port 65536 && is_misuse "$@" --port x &&
        is_misuse "$@" --patience 0 && is_misuse "$@" --tls-cert "$scratch/file"
}

program__cannot_start__says_why() {
    : >"$scratch/file"
    start_printer || return 1
    set -- "$wsd_virtual_printer" --dir
    is_failure "cannot keep documents in $scratch/none: No such file" "$@" "$scratch/none" &&
        is_failure "$scratch/file: Not a directory" "$@" "$scratch/file" || return 1
    port=${url##*:}
    set -- "$@" "$jobs"
    is_failure WSAEADDRINUSE "$@" --port "${port%%/*}" &&
        is_failure "cannot listen on example.org, port 0: " "$@" --address example.org &&
        is_failure ERROR_FILE_NOT_FOUND "$@" --tls-cert "$scratch/none" \
            --tls-key "$scratch/none" &&
        is_failure "cannot write $scratch/none/port: No such file" "$@" \
            --port-file "$scratch/none/port"
}

program__ready__is_said_in_both_ways() {
    start_printer --address ::1 --port-file "$scratch/port" --quiet || return 1
    [ "$url" = "http://[::1]:$(cat "$scratch/port")/print" ] || return 1
    make_file document 10
    run "$wsd_print" "$url" "$scratch/document"
    is_status 0 && cmp "$scratch/document" "$jobs/job-1.document" &&
        [ "$(wc -l <"$scratch/log")" -eq 1 ]
}

program__verbose__tells_of_each_request() {
    start_printer -v && ask CreatePrintJob "$ticket" || return 1
    soon log_has "debug: /print: begins" && soon log_has "octets received"
}

program__tls__is_spoken() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=printer -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>"$scratch/err" || return 1
    start_printer --tls-cert "$scratch/cert.pem" --tls-key "$scratch/key.pem" || return 1
    case $url in https://127.0.0.1:*/print) ;; *) return 1 ;; esac
    ask CreatePrintJob "$ticket" --cacert "$scratch/cert.pem" &&
        is_ok CreatePrintJob "<pri:JobId>1</pri:JobId>" || return 1
    make_file document 100000
    is_failure "(ERROR_WINHTTP_SECURE_INVALID_CA, 0x80072F0D)" "$wsd_print" --verbose \
        "$url" "$scratch/document" && err_has "self-signed certificate" || return 1
    for trust in "--cacert $scratch/cert.pem" --insecure; do
        run "$wsd_print" $trust "$url" "$scratch/document"
        is_status 0 || return 1
    done
    cmp "$scratch/document" "$jobs/job-2.document" &&
        cmp "$scratch/document" "$jobs/job-3.document"
}

program__ends__keeps_apart_what_it_has() {
    start_printer && print_from_pipe || return 1
    sender_too=$sender sender=$device # ended_with waits for it
    kill -TERM "$device" && device='' && ended_with 0 &&
        log_has "truncated, job-1.truncated has the first 200000 bytes" &&
        files_are job-1.truncated
    verdict=$?
    exec 4>&-
    sender=$sender_too
    ended_with 1 && return "$verdict"
}

document__any_size_and_format__is_kept() {
    start_printer || return 1
    job=0
    for row in "0 application/pdf pdf" "1 application/postscript ps" \
        "65536 application/vnd.hp-PCL pcl" "65537 image/pwg-raster pwg" \
        "5242880 IMAGE/JPEG jpg" "7 application/vnd.ms-xpsdocument xps" \
        "8 text/plain txt" "70000 unknown document" "3 /../../pdf document"; do
        # shellcheck disable=SC2086 # three words
        set -- $row
        job=$((job + 1))
        make_file document "$1"
        run "$wsd_print" --format "$2" "$url" "$scratch/document"
        is_status 0 && is_kept "$scratch/document" "job-$job.$3" || return 1
    done
    [ "$(ls -A "$jobs" | wc -l)" -eq "$job" ] && job_is 5 Completed JobCompletedSuccessfully &&
        says "<pri:KOctetsProcessed>5120</pri:KOctetsProcessed>"
}

document__format_is_unknown__media_type_says_it() {
    start_printer && create_job 1 && make_file document 300000 || return 1
    echo "<pri:SendDocumentRequest xmlns:pri='$pri'><pri:JobId>1</pri:JobId>
          <pri:DocumentData/></pri:SendDocumentRequest>" >"$scratch/body.xml"
    run "$wsd_send" "$url" --action "$pri/SendDocument" --body "$scratch/body.xml" \
        --attach "SendDocumentRequest/DocumentData=$scratch/document;type=image/png"
    is_status 0 && out_has SendDocumentResponse && is_kept "$scratch/document" job-1.png
}

document__base64_in_the_envelope__is_kept() {
    start_printer && create_job 1 && send_document 1 aGVsbG8= || return 1
    printf hello >"$scratch/document"
    is_ok SendDocument && is_kept "$scratch/document" job-1.document
}

document__several_at_once__do_not_mix() {
    start_printer || return 1
    processes=
    for n in 1 2 3 4 5 6 7 8; do
        make_file "document-$n" $((3000000 + n))
        "$wsd_print" --quiet "$url" "$scratch/document-$n" >"$scratch/out-$n" 2>&1 &
        processes="$processes $!"
    done
    for process in $processes; do
        wait "$process" || return 1
    done
    for n in 1 2 3 4 5 6 7 8; do
        job=$(sed -n 's/.*, job \([0-9]*\)$/\1/p' "$scratch/out-$n")
        is_kept "$scratch/document-$n" "job-$job.document" || return 1
    done
    [ "$(grep -c '^job \([1-8]\): job-\1.document, 300000[1-8] bytes$' "$scratch/log")" -eq 8 ]
}

document__sender_is_killed__is_kept_apart() {
    start_printer || return 1
    run_aside "$wsd_print" "$url" /dev/zero
    soon has_begun && kill -KILL "$sender" && ended_with 137 &&
        soon log_has "job 1: truncated" && files_are job-1.truncated || return 1
    bytes=$(wc -c <"$jobs/job-1.truncated")
    log_has "job 1: truncated, job-1.truncated has the first $((bytes)) bytes" &&
        job_is 1 Aborted DocumentTransferError && make_file document 10 || return 1
    run "$wsd_print" "$url" "$scratch/document"
    is_status 0 && is_kept "$scratch/document" job-2.document
}

document__disk_is_full__is_a_fault() {
    rm -rf "$jobs"
    mkdir "$jobs"
    # A limit on the size of files, in units of 512 bytes, stands for a full disk.
    start_device sh -c 'ulimit -f 1000 && trap "" XFSZ && exec "$@"' - \
        "$wsd_virtual_printer" --dir "$jobs" || return 1
    make_file large 50000000
    run "$wsd_print" "$url" "$scratch/large"
    is_status 1 && err_has "fault Receiver, ServerErrorInternalError: The printer cannot" &&
        log_has "job 1: cannot write job-1.part: File too large" && no_files &&
        job_is 1 Aborted DocumentTransferError && make_file document 512000 || return 1
    run "$wsd_print" "$url" "$scratch/document"
    is_status 0 && is_kept "$scratch/document" job-2.document
}

document__name_is_taken__is_a_fault() {
    start_printer && ln -s "$scratch/elsewhere" "$jobs/job-1.part" &&
        echo mine >"$jobs/job-2.document" && make_file document 1000 || return 1
    for job in 1 2; do
        run "$wsd_print" "$url" "$scratch/document"
        is_status 1 && err_has ServerErrorInternalError &&
            log_has "job $job: cannot write job-$job.part: File exists" || return 1
    done
    [ ! -e "$scratch/elsewhere" ] && [ -L "$jobs/job-1.part" ] &&
        grep -qx mine "$jobs/job-2.document" && files_are job-1.part job-2.document
}

J6__directory_goes__is_a_fault() {
    start_printer && make_file document 1000 && print_from_pipe && rm -r "$jobs" || return 1
    exec 4>&-
    ended_with 1 && err_has ServerErrorInternalError &&
        log_has "job 1: cannot write job-1.part: No such file" || return 1
    run "$wsd_print" "$url" "$scratch/document"
    is_status 1 && err_has ServerErrorInternalError &&
        log_has "job 2: cannot write job-2.part: No such file" && [ ! -e "$jobs" ]
}

document__printer_starts_again__overwrites_nothing() {
    start_printer && make_file one 1000 && make_file two 2000 || return 1
    run "$wsd_print" "$url" "$scratch/one"
    is_status 0 && stop_device && : >"$jobs/job-7.truncated" &&
        start_device "$wsd_virtual_printer" --dir "$jobs" || return 1
    run "$wsd_print" "$url" "$scratch/two"
    is_status 0 && is_kept "$scratch/two" job-8.document &&
        cmp "$scratch/one" "$jobs/job-1.document"
}

job__canceled_while_its_document_comes__leaves_nothing() {
    start_printer && print_from_pipe && job_is 1 Processing JobIncoming || return 1
    ask CancelJob "<pri:JobId>1</pri:JobId>" && is_ok CancelJob && log_has "job 1: canceled" &&
        job_is 1 Canceled JobCanceledByUser && soon no_files
    verdict=$?
    exec 4>&-
    ended_with 1 && err_has "fault Receiver, OperationFailed: The job was canceled" &&
        return "$verdict"
}

job__canceled_while_an_endless_document_comes__ends_it() {
    start_printer || return 1
    run_aside "$wsd_print" "$url" /dev/zero
    soon has_begun && ask CancelJob "<pri:JobId>1</pri:JobId>" && is_ok CancelJob &&
        ended_with 1 && soon no_files && job_is 1 Canceled JobCanceledByUser
}

job__canceled_before_its_document__takes_none() {
    start_printer && create_job 1 || return 1
    ask CancelJob "<pri:JobId>1</pri:JobId>" && is_ok CancelJob &&
        send_document 1 aGVsbG8= && is_fault 400 Sender InvalidArgs ">1</pri:JobId>" &&
        ask CancelJob "<pri:JobId>1</pri:JobId>" &&
        is_fault 400 Sender InvalidArgs "has ended already" && no_files
}

job__document_does_not_come__ends() {
    start_printer --patience 1 && create_job 1 &&
        soon job_is 1 Aborted DocumentTimeoutError &&
        says "<pri:NumberOfDocuments>0</pri:NumberOfDocuments>" &&
        log_has "job 1: ended, no document came" &&
        send_document 1 aGVsbG8= && is_fault 400 Sender InvalidArgs "has ended already" &&
        no_files
}

job__wrong_requests__are_faults() {
    start_printer && create_job 1 || return 1
    for id in 2 0 -1 99999999999999999999; do
        for operation in SendDocument CancelJob GetJobElements; do
            ask "$operation" "<pri:JobId>$id</pri:JobId><pri:DocumentData/>$(name JobStatus)"
            is_fault 400 Sender ClientErrorJobIdNotFound "no job with this number" &&
                says "<pri:JobId xmlns:pri=\"$pri\">" || return 1
        done
    done
    for operation in SendDocument CancelJob GetJobElements; do
        ask "$operation" "<pri:JobId>x1</pri:JobId><pri:DocumentData/>"
        is_fault 400 Sender InvalidArgs "<pri:JobId xmlns:pri=\"$pri\"/>" || return 1
    done
    more="<pri:LastDocument>false</pri:LastDocument>"
    packed="<pri:DocumentDescription><pri:Compression>ZIP</pri:Compression>
        </pri:DocumentDescription>"
    ask CreatePrintJob "" && is_fault 400 Sender InvalidArgs "<pri:JobName " &&
        ask SendDocument "<pri:JobId>1</pri:JobId>" &&
        is_fault 400 Sender InvalidArgs "<pri:DocumentData " &&
        send_document 1 aGVsbG8= "$more" &&
        is_fault 400 Sender ClientErrorMultipleDocumentsNotSupported "one document" &&
        send_document 1 aGVsbG8= "$packed" &&
        is_fault 400 Sender ClientErrorCompressionNotSupported "without compression" &&
        send_document 1 '!' && [ "$http" = 400 ] && no_files &&
        send_document 1 aGVsbG8= && is_ok SendDocument && send_document 1 aGVsbG8= &&
        is_fault 400 Sender ClientErrorMultipleDocumentsNotSupported "one document" &&
        ask CancelJob "<pri:JobId>1</pri:JobId>" &&
        is_fault 400 Sender InvalidArgs "has ended already" && files_are job-1.document
}

job__more_than_the_table_holds__oldest_are_forgotten() {
    start_printer || return 1
    url="$url?[1-128]" ask CreatePrintJob "$ticket"
    ask CreatePrintJob "$ticket"
    is_fault 500 Receiver ServerErrorNotAcceptingJobs "too many jobs" &&
        ask CancelJob "<pri:JobId>5</pri:JobId>" && is_ok CancelJob && create_job 133 &&
        ask GetJobElements "<pri:JobId>5</pri:JobId>$(name JobStatus)" &&
        is_fault 400 Sender ClientErrorJobIdNotFound "" &&
        job_is 4 Pending None && job_is 133 Pending None &&
        ask GetPrinterElements "$(name PrinterStatus)" &&
        is_ok GetPrinterElements "<pri:QueuedJobCount>128</pri:QueuedJobCount>"
}

elements__of_the_printer__are_told() {
    start_printer || return 1
    all=
    for element in PrinterDescription PrinterConfiguration PrinterCapabilities \
        DefaultPrintTicket PrinterStatus; do
        all="$all<pri:Name>wprt:$element</pri:Name>"
        ask GetPrinterElements "$(name "pri:$element")"
        is_ok GetPrinterElements \
            "<pri:ElementData Name=\"pri:$element\" Valid=\"true\"><pri:$element>" \
            "</pri:$element></pri:ElementData></pri:PrinterElements>" || return 1
    done
    all="$all<pri:Name>wprt:a&quot;b</pri:Name>"
    ask GetPrinterElements "<pri:RequestedElements>$all</pri:RequestedElements>"
    is_ok GetPrinterElements "<pri:PrinterName>" "<pri:PrinterState>Idle</pri:PrinterState>" \
        "<pri:AllowedValue>application/pdf</pri:AllowedValue>" \
        "<pri:JobName>untitled</pri:JobName>" \
        '<pri:ElementData Name="wprt:a&quot;b" Valid="false"/>' &&
        [ "$(grep -o 'Valid="true"' "$scratch/answer" | wc -l)" -eq 5 ] &&
        ask GetPrinterElements "" &&
        is_fault 400 Sender InvalidArgs "<pri:RequestedElements " || return 1
    many=$(for _ in 1 2 3 4 5 6 7 8; do echo "<pri:Name>PrinterCapabilities</pri:Name>"; done)
    ask GetPrinterElements "<pri:RequestedElements>$many$many</pri:RequestedElements>"
    is_ok GetPrinterElements || return 1
    ask GetPrinterElements \
        "<pri:RequestedElements>$many$many<pri:Name>x</pri:Name></pri:RequestedElements>"
    is_fault 400 Sender InvalidArgs "<pri:RequestedElements "
}

elements__of_a_job__are_told() {
    start_printer && create_job 1 || return 1
    all="<pri:RequestedElements><pri:Name>pri:JobStatus</pri:Name>
        <pri:Name>pri:PrintTicket</pri:Name><pri:Name>pri:Documents</pri:Name>
        <pri:Name>pri:Secret</pri:Name></pri:RequestedElements>"
    ask GetJobElements "<pri:JobId>1</pri:JobId>$all"
    is_ok GetJobElements "<pri:JobStatus><pri:JobId>1</pri:JobId><pri:JobState>Pending</" \
        "<pri:JobName>a&amp;b</pri:JobName>" \
        "<pri:JobOriginatingUserName>me</pri:JobOriginatingUserName>" \
        "<pri:Documents/>" '<pri:ElementData Name="pri:Secret" Valid="false"/>' || return 1
    description="<pri:DocumentDescription><pri:Compression>None</pri:Compression>
        <pri:Format>application/pdf</pri:Format><pri:DocumentName>a.pdf</pri:DocumentName>
        </pri:DocumentDescription>"
    send_document 1 aGVsbG8= "$description" && is_ok SendDocument &&
        files_are job-1.pdf && ask GetJobElements "<pri:JobId>1</pri:JobId>$all" &&
        is_ok GetJobElements "<pri:JobState>Completed</" \
            "<pri:Format>application/pdf</pri:Format>" \
            "<pri:DocumentName>a.pdf</pri:DocumentName>"
}

lists__of_jobs__have_the_newest_first() {
    start_printer && create_job 1 && create_job 2 && create_job 3 &&
        send_document 1 aGVsbG8= && send_document 2 aGVsbG8= || return 1
    ask GetActiveJobs "" && is_ok GetActiveJobs \
        "<pri:ActiveJobs><pri:JobSummary><pri:JobId>3</pri:JobId><pri:JobName>a&amp;b</" \
        "<pri:JobState>Pending</" &&
        [ "$(grep -o '<pri:JobSummary>' "$scratch/answer" | wc -l)" -eq 1 ] &&
        ask GetJobHistory "" && is_ok GetJobHistory "<pri:JobState>Completed</" &&
        grep -q '<pri:JobHistory><.*<pri:JobId>2<.*<pri:JobId>1</' "$scratch/answer" &&
        [ "$(grep -o '<pri:JobSummary>' "$scratch/answer" | wc -l)" -eq 2 ]
}

lists__of_many_jobs__fit_into_an_envelope() {
    start_printer || return 1
    name=$(printf '%0127d' 0 | sed 's/0/\&quot;/g')
    name="<pri:JobName>$name</pri:JobName><pri:JobOriginatingUserName>$name</pri:JobOriginatingUserName>"
    url="$url?[1-60]" ask CreatePrintJob \
        "<pri:PrintTicket><pri:JobDescription>$name</pri:JobDescription></pri:PrintTicket>"
    ask GetActiveJobs "" && is_ok GetActiveJobs "<pri:JobId>60</pri:JobId>" &&
        [ "$(wc -c <"$scratch/answer")" -le 32767 ]
}

rate__of_events__is_kept() {
    start_printer && ask SetEventRate "<pri:EventRate>17</pri:EventRate>" &&
        is_ok SetEventRate && ask GetPrinterElements "$(name pri:PrinterConfiguration)" &&
        is_ok GetPrinterElements "<pri:PrinterEventRate>17</" || return 1
    for rate in 0 601 x ''; do
        ask SetEventRate "<pri:EventRate>$rate</pri:EventRate>" &&
            is_fault 400 Sender InvalidArgs "<pri:EventRate " || return 1
    done
}

other_operations__are_faults() {
    start_printer && ask AddDocument "<pri:JobId>1</pri:JobId>" &&
        is_fault 500 Receiver ServerErrorAddDocumentNotSupported "does not fetch" &&
        ask Reboot "" && [ "$http" = 400 ] && says ActionNotSupported &&
        url=${url%/print}/scan && ask GetPrinterElements "" && [ "$http" = 404 ] &&
        says DestinationUnreachable
}

run_tests \
    program__options__are_checked \
    program__cannot_start__says_why \
    program__ready__is_said_in_both_ways \
    program__verbose__tells_of_each_request \
    program__tls__is_spoken \
    program__ends__keeps_apart_what_it_has \
    document__any_size_and_format__is_kept \
    document__format_is_unknown__media_type_says_it \
    document__base64_in_the_envelope__is_kept \
    document__several_at_once__do_not_mix \
    document__sender_is_killed__is_kept_apart \
    document__disk_is_full__is_a_fault \
    document__name_is_taken__is_a_fault \
    J6__directory_goes__is_a_fault \
    document__printer_starts_again__overwrites_nothing \
    job__canceled_while_its_document_comes__leaves_nothing \
    job__canceled_while_an_endless_document_comes__ends_it \
    job__canceled_before_its_document__takes_none \
    job__document_does_not_come__ends \
    job__wrong_requests__are_faults \
    job__more_than_the_table_holds__oldest_are_forgotten \
    elements__of_the_printer__are_told \
    elements__of_a_job__are_told \
    lists__of_jobs__have_the_newest_first \
    lists__of_many_jobs__fit_into_an_envelope \
    rate__of_events__is_kept \
    other_operations__are_faults

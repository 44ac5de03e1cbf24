#!/bin/sh
# wsd-virtual-scanner as people run it.
# Run as: sh run_scanner.sh WSD_SEND WSD_VIRTUAL_SCANNER
. "$(dirname "$0")/tools.sh"
wsd_send=$1 wsd_virtual_scanner=$2
saved=$scratch/saved
wscn=http://schemas.microsoft.com/windows/2006/08/wdp/scan
prefix=wscn namespace=$wscn

# ---- Images: headers that say the truth, and noise -----------------------------------

number() { # how many octets, and the number: the first octet is its highest
    [ "$1" -eq 0 ] || { number $(($1 - 1)) $(($2 >> 8)) && octet $(($2 & 255)); }
}
little() { # the same, the first octet is its lowest
    [ "$1" -eq 0 ] || { octet $(($2 & 255)) && little $(($1 - 1)) $(($2 >> 8)); }
}
octet() { printf '%b' "\\0$(printf %o "$1")"; }

noise() { head -c "$1" /dev/urandom; }

make_bmp() { # NAME WIDTH HEIGHT [DOTS_PER_METRE [BITS]]
    {
        printf BM && little 4 0 && little 4 0 && little 4 54
        little 4 40 && little 4 "$2" && little 4 "$3" && little 2 1
        little 2 "${5-24}" && little 4 0 && little 4 0
        little 4 "${4-0}" && little 4 "${4-0}" && little 4 0 && little 4 0
        noise $((($2 * 3 + 3) / 4 * 4 * ${3#-}))
    } >"$scratch/$1"
}

make_png() { # NAME WIDTH HEIGHT DEPTH COLOUR_TYPE [DOTS_PER_METRE]
    {
        printf '\211PNG\r\n\032\n'
        number 4 13 && printf IHDR && number 4 "$2" && number 4 "$3"
        number 1 "$4" && number 1 "$5" && number 3 0 && number 4 0
        if [ -n "${6-}" ]; then
            number 4 9 && printf pHYs && number 4 "$6" && number 4 "$6" && number 1 1
            number 4 0
        fi
        number 4 1000 && printf IDAT && noise 1004
    } >"$scratch/$1"
}

make_jpeg() { # NAME WIDTH HEIGHT COMPONENTS [UNIT DENSITY]
    {
        number 2 65496
        if [ -n "${5-}" ]; then
            number 2 65504 && number 2 16 && printf 'JFIF\000' && number 2 258
            number 1 "$5" && number 2 "$6" && number 2 "$6" && number 2 0
        fi
        number 2 65534 && number 2 40002 && noise 40000 # a comment
        number 2 65476 && number 2 30 && noise 28       # Huffman tables
        number 2 65472 && number 2 $((8 + 3 * $4)) && number 1 8 && number 2 "$3"
        number 2 "$2" && number 1 "$4" && noise $((3 * $4 + 5000))
    } >"$scratch/$1"
}

# ---- Tools ---------------------------------------------------------------------------

start_scanner() { # IMAGE [OPTION]...
    image=$scratch/$1
    shift
    rm -rf "$saved"
    mkdir "$saved"
    start_device "$wsd_virtual_scanner" --image "$image" "$@"
}

names() {
    echo '<wscn:RequestedElements>'
    for name; do
        echo "<wscn:Name>$name</wscn:Name>"
    done
    echo '</wscn:RequestedElements>'
}

# A ticket with these parameters.
ticket() {
    echo "<wscn:ScanTicket><wscn:JobDescription><wscn:JobName>a&amp;b</wscn:JobName>
        <wscn:JobOriginatingUserName>me</wscn:JobOriginatingUserName></wscn:JobDescription>
        <wscn:DocumentParameters>${1-}</wscn:DocumentParameters></wscn:ScanTicket>"
}

create_job() { # its number, which must be this, and parameters; then $token is there
    ask CreateScanJob "$(ticket "${2-}")"
    is_ok CreateScanJob "<wscn:JobId>$1</wscn:JobId>" || return 1
    token=$(sed -n 's/.*<wscn:JobToken>\([0-9a-f]\{32\}\)<.*/\1/p' "$scratch/answer")
    [ -n "$token" ]
}

job() { echo "<wscn:JobId>$1</wscn:JobId>"; }
image_of() { echo "$(job "$1")<wscn:JobToken>${2-$token}</wscn:JobToken>"; }

job_is() { # the job, its state, the reason for it, and how many images were sent
    ask GetJobElements "$(job "$1")$(names wscn:JobStatus)" &&
        grep -q "<wscn:JobState>$2</.*Reason>$3</.*<wscn:ScansCompleted>$4</" \
            "$scratch/answer"
}

# Runs or starts wsd-send to get an image of the job into $saved.
retrieve() { # run or run_aside, and the job
    echo "<wscn:RetrieveImageRequest xmlns:wscn='$wscn'>$(image_of "$2")
          </wscn:RetrieveImageRequest>" >"$scratch/body.xml"
    "$1" "$wsd_send" "$url" --action "$wscn/RetrieveImage" --body "$scratch/body.xml" \
        --save "$saved"
}

is_retrieved() { # the job, and the name that wsd-send gives the image
    retrieve run "$1"
    is_status 0 && cmp "$image" "$saved/$2" && rm "$saved/$2"
}

is_scanned() { # the next job's number, and that name: a whole scan
    create_job "$1" && is_retrieved "$1" "$2" && log_has "job $1: completed"
}

# One of 4 MB, which takes at least half a minute; some of it has come.
start_slow_scan() {
    [ -e "$scratch/slow.bmp" ] || make_bmp slow.bmp 1000 1400
    start_scanner slow.bmp --bytes-per-second 100K && create_job 1 || return 1
    retrieve run_aside 1
    soon test -s "$saved/attachment-1.bmp.part"
}

# A part of the image was saved, and nothing looks like the whole.
is_cut_short() {
    ended_with 1 && [ "$(cd "$saved" && echo *)" = attachment-1.bmp.part ] &&
        head -c "$(wc -c <"$saved/attachment-1.bmp.part")" "$image" |
        cmp - "$saved/attachment-1.bmp.part" && rm "$saved/attachment-1.bmp.part"
}

# Waits for the device's end, which a signal has brought about.
device_ends() {
    sender_too=$sender sender=$device device=
    ended_with 0
    verdict=$?
    sender=$sender_too
    return "$verdict"
}

# ---- Tests: each ends with its verdict -----------------------------------------------

program__options__are_checked() {
    run "$wsd_virtual_scanner" --help
    is_status 0 && out_has "Usage: wsd-virtual-scanner" && is_empty "$scratch/err" ||
        return 1
    set -- "$wsd_virtual_scanner" --image "$scratch/none"
    is_misuse "$wsd_virtual_scanner" && is_misuse "$@" more && is_misuse "$@" --what &&
        is_misuse "$@" --source Film && is_misuse "$@" --source ADF --pages 0 &&
        is_misuse "$@" --pages 2 && is_misuse "$@" --bytes-per-second 0 &&
        is_misuse "$@" --patience x && is_misuse "$@" --port 65536
}

program__no_image_to_scan__says_why() {
    echo "no image" >"$scratch/text"
    make_bmp palette.bmp 10 10 0 8 && make_jpeg cmyk.jpg 10 10 4 &&
        make_png alpha.png 10 10 8 4 && make_bmp no-lines.bmp 10 0 || return 1
    make_png whole.png 10 10 8 2 && head -c 30 "$scratch/whole.png" >"$scratch/cut.png"
    make_jpeg whole.jpg 10 10 3 && head -c 20 "$scratch/whole.jpg" >"$scratch/cut.jpg"
    set -- "$wsd_virtual_scanner" --image
    is_failure "cannot scan $scratch/none: No such file" "$@" "$scratch/none" &&
        is_failure "Is a directory" "$@" "$scratch" &&
        is_failure "neither JPEG nor PNG nor BMP" "$@" "$scratch/text" || return 1
    for name in palette.bmp no-lines.bmp cmyk.jpg alpha.png cut.png cut.jpg; do
        is_failure "the header is damaged, or the colours are none of WS-Scan's" \
            "$@" "$scratch/$name" || return 1
    done
}

program__ends__cuts_a_scan_off() {
    start_slow_scan && kill -TERM "$device" && device_ends &&
        log_has "job 1: image 1 cut off" && is_cut_short
}

# What is announced: format, colour, dots per inch, size, and of a line of the image.
is_announced() { # and the input's name
    ask GetScannerElements "$(names ScannerConfiguration)"
    is_ok GetScannerElements "<wscn:FormatValue>$1</wscn:FormatValue>" \
        "<wscn:${7}Color><wscn:ColorEntry>$2</wscn:ColorEntry></wscn:${7}Color>" \
        "<wscn:Widths><wscn:Width>$3</wscn:Width></wscn:Widths><wscn:Heights><wscn:Height>$3</" \
        "<wscn:${7}MaximumSize><wscn:Width>$4</wscn:Width><wscn:Height>$5</" &&
        ask ValidateScanTicket "$(ticket)" &&
        is_ok ValidateScanTicket "<wscn:ValidTicket>true</" "<wscn:BytesPerLine>$6</"
}

image__of_any_kind__is_announced_by_its_header() {
    make_bmp a 850 1100 && make_bmp b 10 -20 7874 && make_png c 1000 2000 8 0 11811 &&
        make_png d 9 20 1 0 && make_png e 300 400 16 2 23622 && make_png f 10 20 8 6 &&
        make_jpeg g 600 800 3 1 150 && make_jpeg h 600 800 1 2 118 &&
        make_jpeg i 600 800 3 0 1 || return 1
    for row in "a dib RGB24 100 8500 11000 2550" "b dib RGB24 200 50 100 30" \
        "c png Grayscale8 300 3333 6667 1000" "d png BlackAndWhite1 100 90 200 2" \
        "e png RGB48 600 500 667 1800" "f png RGBa32 100 100 200 40" \
        "g jfif RGB24 150 4000 5333 1800" "h jfif Grayscale8 300 2000 2667 600" \
        "i jfif RGB24 100 6000 8000 1800"; do
        # shellcheck disable=SC2086 # seven words
        set -- $row
        start_scanner "$1" && shift && is_announced "$@" Platen ||
            { echo "    $row" && return 1; }
        stop_device
    done
    start_scanner a --source ADF && is_announced dib RGB24 100 8500 11000 2550 ADF
}

image__of_any_kind_and_size__arrives_as_it_is() {
    make_png small.png 10 10 8 2 && make_jpeg middle.jpg 800 600 3 &&
        make_bmp large.bmp 3000 3600 || return 1 # 32 MB
    for name in small.png middle.jpg large.bmp; do
        start_scanner "$name" && is_scanned 1 "attachment-1.${name#*.}" &&
            is_scanned 2 "attachment-1.${name#*.}" || return 1
        stop_device
    done
}

image__its_length__is_declared() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp && create_job 1 || return 1
    ask RetrieveImage "$(image_of 1)" -D "$scratch/head"
    [ "$http" = 200 ] && tr -d '\r' <"$scratch/head" |
        grep -iqx "Content-Length: $(wc -c <"$scratch/answer" | tr -d ' ')"
}

image__of_a_feeder__comes_once_for_each_page() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp --source ADF --pages 3 || return 1
    for id in 1 2; do
        create_job "$id" && job_is "$id" Pending None 0 || return 1
        for n in 1 2 3; do
            is_retrieved "$id" attachment-1.bmp && log_has "job $id: image $n sent" ||
                return 1
        done
        job_is "$id" Completed None 3 && ask RetrieveImage "$(image_of "$id")" &&
            is_fault 400 Sender ClientErrorNoImagesAvailable "no images available" &&
            ! grep -q soap:Detail "$scratch/answer" || return 1
    done
    create_job 3 '<wscn:ImagesToTransfer>2</wscn:ImagesToTransfer>' &&
        is_retrieved 3 attachment-1.bmp && job_is 3 Processing \
        JobScanningAndTransferring 1 && is_retrieved 3 attachment-1.bmp &&
        job_is 3 Completed None 2 && ask RetrieveImage "$(image_of 3)" &&
        is_fault 400 Sender ClientErrorNoImagesAvailable "no images available" &&
        create_job 4 '<wscn:ImagesToTransfer>99</wscn:ImagesToTransfer>' || return 1
    for n in 1 2 3; do
        is_retrieved 4 attachment-1.bmp || return 1
    done
    job_is 4 Completed None 3
}

image__file_is_gone_or_shorter__aborts_the_job() {
    make_bmp image.bmp 1000 1000 && start_scanner image.bmp && create_job 1 || return 1
    mv "$image" "$image.away"
    ask RetrieveImage "$(image_of 1)"
    [ "$http" = 500 ] && says EndpointUnavailable &&
        job_is 1 Aborted ImageTransferError 0 && create_job 2 || return 1
    head -c 2000000 "$image.away" >"$image"
    retrieve run 2
    is_status 1 && log_has "cannot read $image: it became shorter" &&
        [ ! -e "$saved/attachment-1.bmp" ] && job_is 2 Aborted ImageTransferError 0 &&
        mv "$image.away" "$image" && rm -f "$saved"/* && is_scanned 3 attachment-1.bmp
}

cancel__image_is_being_sent__cuts_it_off() {
    start_slow_scan && ask CancelJob "$(job 1)" && is_ok CancelJob && is_cut_short &&
        log_has "job 1: image 1 cut off: cancelled" && job_is 1 Canceled None 0 &&
        ask RetrieveImage "$(image_of 1)" &&
        is_fault 400 Sender ClientErrorJobCancelled "has been canceled" &&
        create_job 2
}

cancel__client_takes_nothing__cuts_it_off() {
    make_bmp large.bmp 1000 10 || return 1
    dd if=/dev/null of="$scratch/large.bmp" bs=1 seek=268435456 2>/dev/null
    start_scanner large.bmp --bytes-per-second 20M && create_job 1 || return 1
    retrieve run_aside 1
    soon test -s "$saved/attachment-1.bmp.part" && kill -STOP "$sender" || return 1
    ask CancelJob "$(job 1)"
    is_ok CancelJob && soon log_has "job 1: cancelled, images sent: 0" &&
        soon log_has E_ABORT && create_job 2 && kill -CONT "$sender" && is_cut_short
}

cancel__before_or_after__is_by_the_book() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp && create_job 1 || return 1
    ask CancelJob "$(job 1)" && is_ok CancelJob && job_is 1 Canceled None 0 &&
        ask RetrieveImage "$(image_of 1)" &&
        is_fault 400 Sender ClientErrorJobCancelled "has been canceled" &&
        ask CancelJob "$(job 1)" && is_fault 400 Sender ClientErrorJobIdNotFound ">1</" &&
        is_scanned 2 attachment-1.bmp && ask CancelJob "$(job 2)" &&
        is_fault 400 Sender ClientErrorJobIdNotFound ">2</"
}

client__is_killed_while_it_reads__next_one_is_served() {
    start_slow_scan && kill -KILL "$sender" && ended_with 137 &&
        soon log_has "job 1: aborted, ImageTransferError, images sent: 0" &&
        job_is 1 Aborted ImageTransferError 0 && ask RetrieveImage "$(image_of 1)" &&
        is_fault 500 Receiver OperationFailed "cannot perform" && rm "$saved"/* &&
        create_job 2 || return 1
    retrieve run_aside 2
    soon test -s "$saved/attachment-1.bmp.part"
}

client__asks_for_nothing__loses_its_job() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp --source ADF --pages 2 \
        --patience 1 && create_job 1 && soon job_is 1 Aborted JobTimedOut 0 &&
        log_has "job 1: aborted, JobTimedOut" && create_job 2 &&
        is_retrieved 2 attachment-1.bmp && soon job_is 2 Aborted JobTimedOut 1 &&
        ask RetrieveImage "$(image_of 2)" &&
        is_fault 500 Receiver OperationFailed "cannot perform"
}

client__waits_for_slow_images__keeps_its_job() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp --source ADF --pages 2 \
        --bytes-per-second 7K --patience 3 && create_job 1 || return 1 # 4 s a page
    is_retrieved 1 attachment-1.bmp && is_retrieved 1 attachment-1.bmp &&
        job_is 1 Completed None 2
}

client__asks_while_another_scans__is_told_so() {
    start_slow_scan && ask CreateScanJob "$(ticket)" &&
        is_fault 500 Receiver ServerErrorNotAcceptingJobs "temporarily blocked" &&
        ask RetrieveImage "$(image_of 1)" &&
        is_fault 500 Receiver OperationFailed "cannot perform" &&
        ask GetScannerElements "$(names ScannerStatus)" &&
        is_ok GetScannerElements "<wscn:ScannerState>Processing</" &&
        job_is 1 Processing JobScanningAndTransferring 0 && ask GetActiveJobs "" &&
        is_ok GetActiveJobs "<wscn:JobSummary><wscn:JobId>1</" && ! has_ended
}

client__asks_for_the_wrong_job__is_told_so() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp && create_job 1 || return 1
    for operation in RetrieveImage CancelJob GetJobElements; do
        for id in 2 17 2147483647; do
            ask "$operation" "$(image_of "$id")$(names JobStatus)"
            is_fault 400 Sender ClientErrorJobIdNotFound \
                "<wscn:JobId xmlns:wscn=\"$wscn\">$id</wscn:JobId>" || return 1
        done
        for id in '' x 1x 0 -1 2147483648 99999999999999999999; do
            ask "$operation" "$(image_of "$id")$(names JobStatus)"
            is_fault 400 Sender InvalidArgs "<wscn:JobId xmlns:wscn=\"$wscn\"/>" ||
                return 1
        done
    done
    ask RetrieveImage "$(image_of 1 "x$token")" &&
        is_fault 400 Sender ClientErrorInvalidJobToken "not valid with the JobId" &&
        ask RetrieveImage "$(job 1)" &&
        is_fault 400 Sender ClientErrorInvalidJobToken "not valid with the JobId" &&
        is_retrieved 1 attachment-1.bmp && first=$token && create_job 2 &&
        [ "$token" != "$first" ]
}

jobs__more_than_are_kept__oldest_are_forgotten() {
    make_bmp page.bmp 100 100 && start_scanner page.bmp || return 1
    name=$(printf '%0127d' 0 | sed 's/0/\&amp;/g')
    for id in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
        ask CreateScanJob "<wscn:ScanTicket><wscn:JobDescription>
            <wscn:JobName>$name</wscn:JobName><wscn:JobOriginatingUserName>$name$name
            </wscn:JobOriginatingUserName></wscn:JobDescription></wscn:ScanTicket>" &&
            is_ok CreateScanJob && ask CancelJob "$(job "$id")" && is_ok CancelJob ||
            return 1
    done
    ask GetJobElements "$(job 1)$(names JobStatus)" &&
        is_fault 400 Sender ClientErrorJobIdNotFound ">1</" && job_is 2 Canceled None 0 &&
        ask GetActiveJobs "" && is_ok GetActiveJobs "<wscn:ActiveJobs/>" &&
        ask GetJobHistory "" && is_ok GetJobHistory \
        "<wscn:JobHistory><wscn:JobSummary><wscn:JobId>17</" "<wscn:JobId>2</" &&
        [ "$(grep -o '<wscn:JobState>Canceled<' "$scratch/answer" | wc -l)" -eq 16 ] &&
        [ "$(wc -c <"$scratch/answer")" -le 32767 ]
}

ticket__asks_for_what_there_is__is_valid() {
    make_jpeg image.jpg 850 1100 3 1 100 && start_scanner image.jpg || return 1
    size='<wscn:Width>8500</wscn:Width><wscn:Height>11000</wscn:Height>'
    parameters="<wscn:Format wscn:MustHonor='true'>jfif</wscn:Format>
        <wscn:ImagesToTransfer>0</wscn:ImagesToTransfer>
        <wscn:InputSource wscn:MustHonor='1'> Platen </wscn:InputSource>
        <wscn:InputSize><wscn:InputMediaSize>$size</wscn:InputMediaSize></wscn:InputSize>
        <wscn:MediaSides><wscn:MediaFront>
        <wscn:ColorProcessing>RGB24</wscn:ColorProcessing></wscn:MediaFront>
        </wscn:MediaSides>"
    ask ValidateScanTicket "$(ticket "$parameters")"
    is_ok ValidateScanTicket "<wscn:ValidTicket>true</wscn:ValidTicket>" \
        "<wscn:PixelsPerLine>850</" "<wscn:NumberOfLines>1100</" "<wscn:BytesPerLine>2550</" &&
        ! grep -q ValidScanTicket "$scratch/answer" && create_job 1 "$parameters" &&
        is_ok CreateScanJob "<wscn:NumberOfLines>1100</" \
            "<wscn:DocumentFinalParameters><wscn:Format>jfif</wscn:Format>" \
            "<wscn:InputSource>Platen</" "<wscn:Rotation wscn:UsedDefault=\"true\">0</" \
            "<wscn:MediaFront><wscn:ColorProcessing>RGB24</wscn:ColorProcessing><wscn:Resolution><wscn:Width wscn:UsedDefault=\"true\">100</"
}

ticket__asks_for_what_there_is_not__is_changed_or_refused() {
    make_jpeg image.jpg 850 1100 3 1 100 && start_scanner image.jpg || return 1
    for element in InputSource/ADF Rotation/90 ContentType/Photo ImagesToTransfer/x \
        MediaSides/MediaFront/ColorProcessing/Grayscale8 Scaling/ScalingWidth/50 \
        MediaSides/MediaFront/Resolution/Width/300; do
        name=$(basename "$(dirname "$element")")
        open=$(echo "${element%/*}" | sed 's/\([A-Za-z]*\)\/*/<wscn:\1>/g')
        close=$(echo "${element%/*}" | tr / '\n' | sed '1!G;h;$!d' |
            sed 's/.*/<\/wscn:&>/' | tr -d '\n')
        asked=$open${element##*/}$close
        ask ValidateScanTicket "$(ticket "$asked")"
        is_ok ValidateScanTicket "<wscn:ValidTicket>false</wscn:ValidTicket>" \
            "<wscn:PixelsPerLine>0</" "<wscn:ValidScanTicket><wscn:DocumentParameters>" &&
            ask CreateScanJob "$(ticket "$asked")" &&
            is_ok CreateScanJob "<wscn:$name wscn:Override=\"true\">" || return 1
        id=$(sed -n 's/.*<wscn:JobId>\([0-9]*\)<.*/\1/p' "$scratch/answer")
        ask CancelJob "$(job "$id")"
        for insists in 0 false 1 true; do
            ask CreateScanJob "$(ticket "$(echo "$asked" |
                sed "s/<wscn:$name>/<wscn:$name wscn:MustHonor='$insists'>/")")"
            case $insists in
            0 | false)
                id=$((id + 1))
                is_ok CreateScanJob && ask CancelJob "$(job "$id")" && is_ok CancelJob
                ;;
            *) is_fault 400 Sender ClientErrorConflictingRequiredParameters MustHonor ;;
            esac || return 1
        done
    done
    ask CreateScanJob "$(ticket '<wscn:Format>png</wscn:Format>')" &&
        is_fault 400 Sender ClientErrorFormatNotSupported \
            "<wscn:FormatValue>jfif</wscn:FormatValue>" &&
        ask CreateScanJob "<wscn:ScanIdentifier>1</wscn:ScanIdentifier>$(ticket)" &&
        is_fault 400 Sender ClientErrorInvalidScanIdentifier "not currently valid" &&
        ask CreateScanJob "" && is_fault 400 Sender InvalidArgs "<wscn:ScanTicket " &&
        ask ValidateScanTicket "" && is_fault 400 Sender InvalidArgs "<wscn:ScanTicket "
}

elements__of_the_scanner__are_told() {
    make_bmp page.bmp 850 1100 && start_scanner page.bmp || return 1
    set -- ScannerDescription ScannerConfiguration ScannerStatus DefaultScanTicket
    for element; do
        ask GetScannerElements "$(names "sca:$element")"
        is_ok GetScannerElements \
            "<wscn:ElementData Name=\"wscn:$element\" Valid=\"true\"><wscn:$element>" \
            "</wscn:$element></wscn:ElementData></wscn:ScannerElements>" || return 1
    done
    ask GetScannerElements "$(names "$@" 'x:a&quot;b')"
    is_ok GetScannerElements "<wscn:ScannerInfo>$image</" \
        "<wscn:ScannerState>Idle</wscn:ScannerState>" \
        "<wscn:DefaultScanTicket><wscn:JobDescription>" \
        "<wscn:Rotation>0</wscn:Rotation>" \
        '<wscn:ElementData Name="x:a&quot;b" Valid="false"/>' &&
        [ "$(grep -o 'Valid="true"' "$scratch/answer" | wc -l)" -eq 4 ] &&
        ask GetScannerElements "" &&
        is_fault 400 Sender InvalidArgs "<wscn:RequestedElements " &&
        ask GetScannerElements "$(names "$@" "$@" "$@" "$@")" && is_ok GetScannerElements &&
        ask GetScannerElements "$(names "$@" "$@" "$@" "$@" "$1")" &&
        is_fault 400 Sender InvalidArgs "<wscn:RequestedElements "
}

elements__of_a_job__are_told() {
    make_bmp page.bmp 850 1100 && start_scanner page.bmp && create_job 1 || return 1
    ask GetJobElements "$(job 1)$(names JobStatus wscn:ScanTicket Documents wscn:Secret)"
    is_ok GetJobElements "<wscn:JobStatus><wscn:JobId>1</wscn:JobId><wscn:JobState>Pending</" \
        "<wscn:ScanTicket><wscn:JobDescription><wscn:JobName>a&amp;b</wscn:JobName>" \
        "<wscn:JobOriginatingUserName>me</" \
        "<wscn:Documents><wscn:DocumentFinalParameters><wscn:Format wscn:UsedDefault=" \
        '<wscn:ElementData Name="wscn:Secret" Valid="false"/>'
}

run_tests \
    program__options__are_checked \
    program__no_image_to_scan__says_why \
    program__ends__cuts_a_scan_off \
    image__of_any_kind__is_announced_by_its_header \
    image__of_any_kind_and_size__arrives_as_it_is \
    image__its_length__is_declared \
    image__of_a_feeder__comes_once_for_each_page \
    image__file_is_gone_or_shorter__aborts_the_job \
    cancel__image_is_being_sent__cuts_it_off \
    cancel__client_takes_nothing__cuts_it_off \
    cancel__before_or_after__is_by_the_book \
    client__is_killed_while_it_reads__next_one_is_served \
    client__asks_for_nothing__loses_its_job \
    client__waits_for_slow_images__keeps_its_job \
    client__asks_while_another_scans__is_told_so \
    client__asks_for_the_wrong_job__is_told_so \
    jobs__more_than_are_kept__oldest_are_forgotten \
    ticket__asks_for_what_there_is__is_valid \
    ticket__asks_for_what_there_is_not__is_changed_or_refused \
    elements__of_the_scanner__are_told \
    elements__of_a_job__are_told

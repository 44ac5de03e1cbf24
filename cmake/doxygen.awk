# Prepares a public header for Doxygen.  The comments are written to be read where they
# stand: one that says something of several lines of code stands before the first; a
# paragraph "Blocking    ..." becomes a heading here; and a comment about the file or a part
# of it, whose pictures and tables are text, becomes a part of the file's page.

# The name that a line of code declares; "" if it is of another kind.
function declared(line, name)
{
    name = line
    if (sub(/^# *define /, "", name))
        sub(/[( ].*/, "", name)
    else if (line ~ /^(    |WSD_API extern |typedef )[^()]*;$/) {
        sub(/;$/, "", name)
        sub(/.*[ *]/, "", name)
    } else
        return ""
    return (record && line ~ /^ /) ? record "::" name : name
}

/^typedef struct .*\{$/ { record = $3 }
/^\}/ { record = "" }

# A line of code: has it a comment, or shares it that of the line before?
!in_comment && !/^ *\/\*/ && !continued {
    name = declared($0)
    if (!name)
        shared = ""
    else if (described)
        shared = name
    else if (shared)
        print "/** @copydoc " shared " */"
    undescribed_macro = /^# *define/ && !shared # Windows' names and values
    described = 0
}
{ continued = !in_comment && /\\$/ }
undescribed_macro { print ""; undescribed_macro = continued; next }

/^ *\/\*/ { in_comment = 1; describes = /^ *\/\*\*/ }
in_comment && /\*\/$/ { in_comment = 0; described = describes }

FNR == 1 { print "/** @file"; in_prose = brief = 1; next }
brief && FNR == 2 { sub(/ \* .* -- /, " * @brief ") }
brief && /^ \*$/ { print " * @verbatim"; brief = 0; next }
/^\/\*$/ { print "/** @file\n * @verbatim"; in_prose = 1; next }
in_prose && /^ \*\/$/ { print " * @endverbatim\n */"; in_prose = 0; next }
in_prose && !brief { sub(/^ \*/, "") }

/^ +\* (Blocking|Ownership|Threads|State)  / { sub(/\* /, "* @") }
/^ +\* Last error  / { sub(/Last error/, "@LastError") }
/^ \*   (ERROR|INTERNET)_/ { sub(/\*   /, "*   - ") }

# A method, not a field that is a pointer to a function.
match($0, /^    [a-zA-Z0-9_]+\(WSD_CALL \*[A-Za-z]+\)/) {
    split(substr($0, 1, RLENGTH), part, /\(WSD_CALL \*|\)/)
    $0 = part[1] " " part[2] substr($0, RLENGTH + 1)
}
{ print }

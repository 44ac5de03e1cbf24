# Writes the programs that stand in README.md into readme_1.c, readme_2.c and so on, those in
# C++ into readme_1.cpp and so on.
/^```c(pp)?$/ {
    suffix = substr($0, 4)
    file = "readme_" ++count[suffix] "." suffix
    printf "" > file
    next
}
/^```$/ { file = "" }
file { print > file }

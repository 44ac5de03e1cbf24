# Writes the programs that stand in README.md into readme_1.c, readme_2.c and so on.
/^```c$/ { file = "readme_" ++count ".c"; printf "" > file; next }
/^```$/ { file = "" }
file { print > file }

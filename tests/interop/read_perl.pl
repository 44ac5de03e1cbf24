#!/usr/bin/env perl
# Reads a MIME entity with Perl's MIME::Parser.  Usage: read_perl.pl FILE
#
# Prints for each xop:Include, in the order of the document: Content-ID, media type, number
# of octets, SHA-256.  Ends with 1 and says why when the parser has something to object to.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use MIME::Parser;

my $parser = MIME::Parser->new;
$parser->output_to_core(1);
$parser->tmp_to_core(1);
my $message = $parser->parse_open($ARGV[0]);
die $parser->results->msgs if $parser->results->msgs;

my ($root, @attachments) = $message->parts;
my %parts = map { my $id = $_->head->get('Content-ID'); chomp $id; $id => $_ } @attachments;
for my $name (map { "<$_>" } $root->bodyhandle->as_string =~ /:Include [^>]*href="cid:([^"]*)"/g) {
    my $part = delete $parts{$name} or die "there is no part $name";
    my $octets = $part->bodyhandle->as_string;
    print join(' ', $name, $part->mime_type, length $octets, sha256_hex($octets)), "\n";
}
die "no Include refers to @{[keys %parts]}" if %parts;

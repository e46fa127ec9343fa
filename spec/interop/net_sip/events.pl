# Subscriptions of Net::SIP, which knows none: their requests by hand, on its endpoints and
# transactions. What happens is said line by line.
#
#   perl events.pl ADDRESS TRANSPORT watch URI PACKAGE TIMES   un-subscribes after so many
#   perl events.pl ADDRESS TRANSPORT publish URI               publishes, changes, removes
#   perl events.pl ADDRESS TRANSPORT notify                    is watched, once

use strict;
use warnings;
use Net::SIP qw(:alias);

$| = 1;
my ($address, $transport, $what, @rest) = @ARGV;
my ($ip, $port) = $address =~ /^(.*):(\d+)$/;
my $leg = Net::SIP::Leg->new(addr => $ip, port => $port, proto => $transport);
my $ua = Net::SIP::Simple->new(leg => $leg, from => "sip:perl\@$address");
my $endpoint = $ua->{endpoint};
my $contact = "sip:perl\@$address;transport=$transport";
my ($done, $count) = (0, 0);

sub body { ($_[0]->as_string =~ /\r\n\r\n(.*)$/s)[0] }

sub answer {
  my ($ctx, $request, $leg, $from, $header) = @_;
  my $response = $request->create_response('200', 'OK', { contact => $contact, %{ $header || {} } });
  $endpoint->new_response($ctx, $response, $leg, $from);
}

sub ctx_to {
  my ($uri) = @_;
  return { from => "sip:perl\@$address", to => $uri, contact => $contact };
}

if ($what eq 'watch') {
  my ($uri, $package, $times) = @rest;
  my %fields = (event => $package, accept => 'application/pidf+xml');
  my $answered = sub {
    my (undef, undef, $error, $code, $packet) = @_;
    return if !$packet || !$packet->is_response;
    print "answered $code for ", $packet->get_header('expires') // 'nothing', "\n";
    $done = 1 if $code >= 300;
  };
  # Its context ends with the answer; NOTIFYs come as if for somebody new, in the same dialog.
  my $heard;
  $heard = sub {
    my ($endpoint, $ctx, $request, $leg, $from) = @_;
    return if $request->method ne 'NOTIFY';
    $ctx->set_callback(sub {
      my ($endpoint, $ctx, $error, $code, $packet, $leg, $from) = @_;
      return $answered->(@_) if !$packet || $packet->is_response;
      $heard->($endpoint, $ctx, $packet, $leg, $from);
    });
    answer($ctx, $request, $leg, $from);
    my $state = $request->get_header('subscription-state');
    print "told $state: ", body($request) =~ /<basic>(\w+)/ ? $1 : 'nothing', "\n";
    $done = 1 if $state =~ /^terminated/;
    ($ctx->{remote_contact}) = $request->get_header('contact') =~ /<([^>]+)>/;
    $endpoint->new_request('SUBSCRIBE', $ctx, undef, undef, %fields, expires => 0, cseq => 2)
      if ++$count == $times;
  };
  $endpoint->set_application($heard);
  $endpoint->new_request('SUBSCRIBE', ctx_to($uri), $answered, undef, %fields, expires => 600);
} elsif ($what eq 'publish') {
  my ($uri) = @rest;
  my @states = ('open', undef, 'closed', 'gone');
  my $next;
  $next = sub {
    my ($tag) = @_;
    my $state = $states[$count++];
    my $body = $state && $state ne 'gone'
      ? "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='$uri'><tuple id='p'><status>"
        . "<basic>$state</basic></status></tuple></presence>" : undef;
    $endpoint->new_request('PUBLISH', ctx_to($uri), sub {
      my (undef, undef, $error, $code, $packet) = @_;
      my $got = $packet && $packet->get_header('sip-etag');
      print "published ", $state // 'the same', ": ", $code // 'nothing', "\n";
      $done = 1 if $count == @states || !$got;
      $next->($got) if !$done;
    }, $body, event => 'presence', expires => $state && $state eq 'gone' ? 0 : 600,
      $tag ? ('sip-if-match' => $tag) : (), $body ? ('content-type' => 'application/pidf+xml') : ());
  };
  $next->();
} else {
  my $tell = sub {
    my ($ctx, $request, $state, $body) = @_;
    my ($uri) = $request->get_header('contact') =~ /<([^>]+)>/;
    $ctx->{remote_contact} = $uri;
    # Responses have our tag in their To; so has the From of what we send.
    $ctx->{to} = $request->get_header('to');
    $endpoint->new_request('NOTIFY', $ctx, undef, $body, event => 'x-n',
      'subscription-state' => $state, 'content-type' => 'text/plain', contact => $contact);
  };
  my $hear;
  $hear = sub {
    my ($endpoint, $ctx, $error, $code, $request, $leg, $from) = @_;
    return if !$request || $request->is_response || $request->method ne 'SUBSCRIBE';
    my $expires = $request->get_header('expires');
    answer($ctx, $request, $leg, $from, { expires => $expires });
    print "asked for $expires\n";
    if ($expires) {
      $ctx->set_callback($hear);
      $tell->($ctx, $request, "active;expires=$expires", 'leave');
    } else {
      $tell->($ctx, $request, 'terminated;reason=timeout', 'gone');
      $ua->add_timer(1, sub { $done = 1 });
    }
  };
  $endpoint->set_application(sub {
    my ($endpoint, $ctx, $request, $leg, $from) = @_;
    $hear->($endpoint, $ctx, 0, 0, $request, $leg, $from);
  });
  print "waits\n";
}
$ua->loop(20, \$done);
print "done\n" if $done;

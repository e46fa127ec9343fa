# A phone of Net::SIP: it registers with its password, and then calls, or waits for a call.
# What happens is said line by line.
#
#   perl phone.pl ADDRESS SERVER USER PASSWORD TRANSPORT call WHOM hangup|wait
#   perl phone.pl ADDRESS SERVER USER PASSWORD TRANSPORT answer hangup|wait
#   perl phone.pl ADDRESS SERVER USER PASSWORD TRANSPORT register

use strict;
use warnings;
use Net::SIP qw(:alias);

$| = 1;
my ($address, $server, $user, $password, $transport, $what, @rest) = @ARGV;
my ($ip, $port) = $address =~ /^(.*):(\d+)$/;
my $leg = Net::SIP::Leg->new(addr => $ip, port => $port, proto => $transport);
my $phone = Net::SIP::Simple->new(
  leg => $leg, outgoing_proxy => "$server;transport=$transport", registrar => $server,
  domain => 'example.com', from => "sip:$user\@example.com", auth => [$user, $password],
);

my $granted = $phone->register(expires => 600);
print $granted ? "registered for $granted\n" : "not registered: " . $phone->error . "\n";
exit($granted ? 0 : 1) if $what eq 'register' || !$granted;

my $done;
my %media = (init_media => $phone->rtp('media_recv_echo'), # its own sockets
  rtp_param => [0, 160, 160 / 8000, 'PCMU/8000']);

if ($what eq 'call') {
  my ($whom, $end) = @rest;
  my ($ended, $answered, $failed);
  my $call = $phone->invite("sip:$whom\@example.com", %media,
    cb_final => sub {
      my ($status, $self, %info) = @_;
      print "final $status ", $info{code} // '', "\n";
      $status eq 'OK' ? ($answered = 1) : ($failed = 1);
    },
    recv_bye => \$ended,
  ) or die $phone->error;
  $call->loop(20, \$answered, \$failed);
  exit 1 if !$answered;
  print "answered\n";
  if ($end eq 'hangup') {
    $call->bye(cb_final => \$done);
    $call->loop(20, \$done);
    print "hung up\n";
  } else {
    $call->loop(20, \$ended);
    print "the other side hung up\n" if $ended;
  }
} else {
  my ($end) = @rest;
  my ($established, $ended, $call);
  $phone->listen(
    %media,
    cb_create => sub { print "call from ", $_[1]->get_header('from'), "\n"; 1 },
    cb_established => sub { $call = $_[1]; $established = 1 },
    recv_bye => \$ended,
  );
  print "waits\n";
  $phone->loop(25, \$established, \$ended);
  print "established\n" if $established;
  if ($end eq 'hangup' && $call) {
    $call->bye(cb_final => \$done);
    $phone->loop(20, \$done);
    print "hung up\n";
  } else {
    $phone->loop(20, \$ended);
    print "the other side hung up\n" if $ended;
  }
}

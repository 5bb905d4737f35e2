/*
 * net-load serve PORT: answers each connection by the letter it begins with: takes bytes until there are no more, gives
 * bytes until the other end has enough, or sends every byte back.
 * net-load take|give|echo ADDRESS PORT SECONDS: asks a server for that, and does the other half; prints how many bytes
 * went through the connection (echo: round trips of one), and in how many seconds.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 128 * 1024 };

static char buffer[BUFFER];

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static int tcp(void)
{
	int one = 1, fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	return fd;
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	inet_pton(AF_INET, host, &to.sin_addr);
	return to;
}

static void answer(int fd)
{
	char order;
	long count;
	if (read(fd, &order, 1) != 1)
		return;
	if (order == 'g')
		while (write(fd, buffer, BUFFER) > 0)
			;
	else
		while ((count = read(fd, buffer, BUFFER)) > 0)
			if (order == 'e' && write(fd, buffer, count) != count)
				return;
}

static int serve(const char *port)
{
	struct sockaddr_in here = address("127.0.0.1", port);
	int listener = tcp();
	signal(SIGCHLD, SIG_IGN);
	must(bind(listener, (struct sockaddr *)&here, sizeof here), "bind");
	must(listen(listener, 8), "listen");
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd >= 0 && fork() == 0) {
			answer(fd);
			_exit(0);
		}
		close(fd);
	}
}

static int ask(char **argv)
{
	char order = argv[1][0];
	struct sockaddr_in to = address(argv[2], argv[3]);
	int fd = tcp();
	unsigned long done = 0;
	must(connect(fd, (struct sockaddr *)&to, sizeof to), "connect");
	must(write(fd, &order, 1), "write");
	double begin = now(), until = begin + atof(argv[4]);
	while (now() < until)
		if (order == 'g')
			done += must(read(fd, buffer, BUFFER), "read");
		else if (order == 't')
			done += must(write(fd, buffer, BUFFER), "write");
		else
			done += must(write(fd, buffer, 1), "write") == 1 && must(read(fd, buffer, 1), "read") == 1;
	/* What lies in buffers on the way has not arrived: the server hangs up once it has. */
	if (order == 't') {
		shutdown(fd, SHUT_WR);
		must(read(fd, buffer, 1), "read");
	}
	printf("%lu %.6f\n", done, now() - begin);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2]);
	return argc == 5 ? ask(argv) : 2;
}

/**
 * The first process of a container with `--init`: starts the program in a process group and, where there is a terminal,
 * in the foreground; passes on every signal it gets; reaps what nobody else waits for; ends as the program ends. A
 * process of Node would cost the container tens of megabytes of its own limit. This one is a page.
 */
/** x86-64 Linux. Arguments: the program's path, then its own argument list. */
const CODE = `
                          | _start: r13 = argv, r15 = envp
  4c 8b 34 24             | mov r14,QWORD PTR [rsp]
  4c 8d 6c 24 08          | lea r13,[rsp+0x8]
  4e 8d 7c f4 10          | lea r15,[rsp+r14*8+0x10]
  48 81 ec 00 01 00 00    | sub rsp,0x100
  48 c7 04 24 ff ff ff ff | mov QWORD PTR [rsp],0xffffffffffffffff
  31 ff                   | xor edi,edi
  48 89 e6                | mov rsi,rsp
  48 8d 54 24 08          | lea rdx,[rsp+0x8]
  41 ba 08 00 00 00       | mov r10d,0x8
  b8 0e 00 00 00          | mov eax,0xe
  0f 05                   | syscall
  b8 39 00 00 00          | mov eax,0x39
  0f 05                   | syscall
  41 89 c4                | mov r12d,eax
  85 c0                   | test eax,eax
  74 7b                   | je child
  0f 88 c9 00 00 00       | js dead
                          | next: rt_sigtimedwait(all)
  48 89 e7                | mov rdi,rsp
  48 8d 74 24 10          | lea rsi,[rsp+0x10]
  31 d2                   | xor edx,edx
  41 ba 08 00 00 00       | mov r10d,0x8
  b8 80 00 00 00          | mov eax,0x80
  0f 05                   | syscall
  83 f8 11                | cmp eax,0x11
  74 12                   | je reap
  85 c0                   | test eax,eax
  78 e0                   | js next
  44 89 e7                | mov edi,r12d
  89 c6                   | mov esi,eax
  b8 3e 00 00 00          | mov eax,0x3e
  0f 05                   | syscall
  eb d2                   | jmp next
                          | reap: wait4(-1, WNOHANG)
  48 c7 c7 ff ff ff ff    | mov rdi,0xffffffffffffffff
  48 8d 74 24 10          | lea rsi,[rsp+0x10]
  ba 01 00 00 00          | mov edx,0x1
  45 31 d2                | xor r10d,r10d
  b8 3d 00 00 00          | mov eax,0x3d
  0f 05                   | syscall
  85 c0                   | test eax,eax
  7e b3                   | jle next
  44 39 e0                | cmp eax,r12d
  75 dc                   | jne reap
  8b 7c 24 10             | mov edi,DWORD PTR [rsp+0x10]
  89 f8                   | mov eax,edi
  83 e0 7f                | and eax,0x7f
  74 08                   | je exited
  8d b8 80 00 00 00       | lea edi,[rax+0x80]
  eb 09                   | jmp exit
                          | exited: status >> 8
  c1 ef 08                | shr edi,0x8
  81 e7 ff 00 00 00       | and edi,0xff
                          | exit: exit_group
  b8 e7 00 00 00          | mov eax,0xe7
  0f 05                   | syscall
                          | child: setpgid(0, 0), TIOCSPGRP, the former mask, execve(argv[1], &argv[2], envp)
  31 ff                   | xor edi,edi
  31 f6                   | xor esi,esi
  b8 6d 00 00 00          | mov eax,0x6d
  0f 05                   | syscall
  b8 27 00 00 00          | mov eax,0x27
  0f 05                   | syscall
  89 44 24 10             | mov DWORD PTR [rsp+0x10],eax
  31 ff                   | xor edi,edi
  be 10 54 00 00          | mov esi,0x5410
  48 8d 54 24 10          | lea rdx,[rsp+0x10]
  b8 10 00 00 00          | mov eax,0x10
  0f 05                   | syscall
  bf 02 00 00 00          | mov edi,0x2
  48 8d 74 24 08          | lea rsi,[rsp+0x8]
  31 d2                   | xor edx,edx
  41 ba 08 00 00 00       | mov r10d,0x8
  b8 0e 00 00 00          | mov eax,0xe
  0f 05                   | syscall
  49 8b 7d 08             | mov rdi,QWORD PTR [r13+0x8]
  49 8d 75 10             | lea rsi,[r13+0x10]
  4c 89 fa                | mov rdx,r15
  b8 3b 00 00 00          | mov eax,0x3b
  0f 05                   | syscall
                          | dead: exit_group(127)
  bf 7f 00 00 00          | mov edi,0x7f
  b8 e7 00 00 00          | mov eax,0xe7
  0f 05                   | syscall
`;

const BASE = 0x40_0000;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** gABI 4, 5: an executable of one segment, readable and executable. */
export function smallInit(): Buffer {
  const code = Buffer.from(codeBytes());
  const start = HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const header = Buffer.alloc(start);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(BASE + start), 24);
  header.writeBigUInt64LE(BigInt(HEADER_BYTES), 32);
  header.writeUInt16LE(HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  for (const at of [80, 88]) header.writeBigUInt64LE(BigInt(BASE), at);
  for (const at of [96, 104]) header.writeBigUInt64LE(BigInt(start + code.length), at);
  header.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([header, code]);
}

function codeBytes(): number[] {
  const bytes = CODE.split('\n').flatMap((line) => (line.split('|')[0] ?? '').trim().split(/\s+/));
  return bytes.filter(Boolean).map((byte) => Number.parseInt(byte, 16));
}

/** The annotation of a specification that says where in the container it is. Ours: no document knows it. */
export const INIT_ANNOTATION = 'bulkhead.init';

# A 64 KiB firmware that answers one question: what does CPUID tell each CPU?
# Every CPU in turn executes CPUID for each (leaf, subleaf) of the table and writes EAX, EBX, ECX, EDX to port 0xE9,
# little-endian. The first CPU wakes the others by INIT and start-up IPIs (SDM 3A 9.4.4). It runs from a copy at 0x8000.
        .code16
        .text
        .set base, 0x8000               # where the copy lies
        .set lock, 0x6000               # 1 while a CPU is writing
        .set stacks, 0x6004             # next stack, in steps of 256 bytes
start:  cli
        xorw %ax, %ax
        movw %ax, %es
        movw %ax, %ss
        movw $0x6000, %sp
        movw $0xf000, %ax
        movw %ax, %ds
        cld
        xorw %si, %si
        movw $base, %di
        movw $4096, %cx
        rep movsw
        xorw %ax, %ax
        movw %ax, %ds
        ljmp $0, $(base + first - start)

first:  movl $0, lock
        movl $0, stacks
        call dump
        lgdtl base + gdtr - start       # FS reaches the APIC at 0xfee00000: protected mode and back
        movl %cr0, %eax
        orb $1, %al
        movl %eax, %cr0
        movw $8, %ax
        movw %ax, %fs
        movl %cr0, %eax
        andb $0xfe, %al
        movl %eax, %cr0
        movl $0xfee00300, %esi
        movl $0x000c4500, %eax          # INIT to all but me
        movl %eax, %fs:(%esi)
        movl $200000, %ecx
1:      decl %ecx
        jnz 1b
        movl $0x000c4609, %eax          # start-up at 0x9000
        movl %eax, %fs:(%esi)
rest:   hlt
        jmp rest

other:  call dump
        jmp rest

dump:   movb $1, %al
        xchgb %al, lock
        testb %al, %al
        jz 2f
        pause
        jmp dump
2:      movw $(base + table - start), %si
3:      movl (%si), %eax
        cmpl $0xffffffff, %eax
        je 4f
        movl 4(%si), %ecx
        pushw %si
        cpuid
        call write
        movl %ebx, %eax
        call write
        movl %ecx, %eax
        call write
        movl %edx, %eax
        call write
        popw %si
        addw $8, %si
        jmp 3b
4:      movb $0, lock
        ret

write:  outb %al, $0xe9
        shrl $8, %eax
        outb %al, $0xe9
        shrl $8, %eax
        outb %al, $0xe9
        shrl $8, %eax
        outb %al, $0xe9
        ret

        .align 8
gdt:    .quad 0, 0x00cf92000000ffff     # flat data
gdtr:   .word 15
        .long base + gdt - start
        .align 8
table:
        .include "leaves.inc"
        .long 0xffffffff, 0

        .org 0x1000                     # at 0x9000 in the copy
        cli
        xorw %ax, %ax
        movw %ax, %ds
        movw %ax, %ss
        movw $0x100, %ax
        lock xaddw %ax, stacks
        addw $0x6200, %ax
        movw %ax, %sp
        ljmp $0, $(base + other - start)

        .org 0xfff0                     # reset vector
        ljmp $0xf000, $0
        .org 0x10000

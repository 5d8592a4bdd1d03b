"""What a file of `persistence.save` may hold, and in which form.

It is not that of skops 0.16, which reads the key False of a dictionary back as True, has
no keys such as None and tuples and no timestamps of pandas, notices a lambda only when a
file is opened, and lets a file call any class that it trusts with arguments of its own.
"""
